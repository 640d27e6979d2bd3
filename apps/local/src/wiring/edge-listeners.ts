import type { Gateway, Listener } from "@cocktail/gateway";
import { isWildcard, machineAddresses } from "./exposure.ts";
import { StartFailure } from "./failure.ts";

/** The edge: one port on both loopback addresses, since `localhost` resolves to either, and on one more where that is asked for. */
export interface Edge {
  readonly port: number;
  readonly url: string;
  close(options: { readonly graceMs: number }): Promise<void>;
}

export interface EdgeOptions {
  /** 0: any free port. */
  readonly port: number;
  /** An address besides those of the loopback. */
  readonly host?: string | undefined;
}

const attempts = 20;
/** Codes of an address that the machine doesn't have. */
const absent = ["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"];

export async function openEdge(
  gateway: Pick<Gateway, "listenEdge">,
  { host, port: wanted }: EdgeOptions,
): Promise<Edge> {
  for (let attempt = 1; ; attempt++) {
    const mayChoose = wanted === 0 && attempt < attempts;
    const listeners = await listenAll(gateway, placesOf(host), { port: wanted, mayChoose });
    const [first] = listeners;
    if (first === undefined) continue;
    return {
      port: first.port,
      url: `http://localhost:${first.port}`,
      close: async (how) => void (await Promise.all(listeners.map((one) => one.close(how)))),
    };
  }
}

interface Place {
  readonly host: string;
  /** Left out on a machine that doesn't have it. */
  readonly isOptional?: true;
}

function placesOf(host: string | undefined): readonly Place[] {
  const ipv6: Place = { host: "::1", isOptional: true };
  // It takes IPv4 too.
  if (host === "::") return [{ host }];
  if (host === "0.0.0.0") return [{ host }, ipv6];
  const both = [{ host: "127.0.0.1" }, ipv6];
  return host === undefined || both.some((place) => place.host === host)
    ? both
    : [...both, { host }];
}

/** All of them on one port, or none: empty where that port was not chosen by the user and is in use at one of them. */
async function listenAll(
  gateway: Pick<Gateway, "listenEdge">,
  places: readonly Place[],
  { port: wanted, mayChoose }: { readonly port: number; readonly mayChoose: boolean },
): Promise<readonly Listener[]> {
  const listeners: Listener[] = [];
  for (const { host, isOptional } of places) {
    const port = listeners[0]?.port ?? wanted;
    try {
      listeners.push(await gateway.listenEdge({ host, port }));
    } catch (error) {
      const code = codeOf(error);
      if (isOptional && absent.includes(code)) continue;
      await Promise.all(listeners.map((one) => one.close({ graceMs: 0 })));
      if (code === "EADDRINUSE" && mayChoose && listeners.length > 0) return [];
      throw failure(error, host, port);
    }
  }
  return listeners;
}

function failure(error: unknown, host: string, port: number): StartFailure {
  const code = codeOf(error);
  if (absent.includes(code)) {
    const own = machineAddresses().join(", ");
    return new StartFailure(
      `${host} is no address of this machine`,
      `choose one of it with --host${own === "" ? "" : `: ${own}`}; or 0.0.0.0 for all`,
      1,
      error,
    );
  }
  const why =
    code === "EADDRINUSE"
      ? "is taken by another process"
      : code === "EACCES"
        ? "may not be used by this user"
        : `can't be used: ${error instanceof Error ? error.message : String(error)}`;
  const where = isWildcard(host) ? "an address of this machine" : host;
  return new StartFailure(
    `port ${port} on ${where} ${why}`,
    "choose another one: --port 8081, or --port 0 for any",
    1,
    error,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
