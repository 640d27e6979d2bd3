import { defaultHeaderNames, formatVariant, STABLE } from "@cocktail/route";

export interface AddressOptions {
  /** Virtual hosts are below it. */
  readonly domain: string;
  /** Base URL of the edge, asked for every view: the port is known late. */
  readonly edge: () => string;
}

/** How something is reached from outside. */
export class Addresses {
  readonly #options: AddressOptions;

  constructor(options: AddressOptions) {
    this.#options = options;
  }

  /** `http://payment-service.localhost:8080`. */
  ofService(service: string): string {
    return this.#url(service);
  }

  ofVariant(service: string, key: string): string {
    return key === STABLE ? this.ofService(service) : this.#url(`${key}.${service}`);
  }

  ofEnvironment(name: string): string {
    return this.#url(name);
  }

  variantHeader(service: string, key: string): { readonly name: string; readonly value: string } {
    return { name: defaultHeaderNames.pins, value: formatVariant(service, key) };
  }

  environmentHeader(name: string): { readonly name: string; readonly value: string } {
    return { name: defaultHeaderNames.environment, value: name };
  }

  #url(label: string): string {
    const { domain, edge } = this.#options;
    const { protocol, port } = new URL(edge());
    return `${protocol}//${label}.${domain}${port === "" ? "" : `:${port}`}`;
  }
}
