import { parseArgs } from "node:util";
import { domainName } from "../config/schema.ts";
import { isListenAddress } from "./exposure.ts";

/** The command line of `cocktail-local`. */
export interface Arguments {
  readonly file: string;
  readonly port: number;
  /** An address on which the edge listens besides the loopback. */
  readonly host: string | undefined;
  /** In place of the file's. */
  readonly domain: string | undefined;
  readonly logFormat: "pretty" | "json";
  /** Instead of starting: end what a killed run left, and list it. */
  readonly endLeftovers: boolean;
}

export type ArgumentsAnswer =
  | { readonly ok: true; readonly arguments: Arguments }
  | { readonly ok: false; readonly message: string };

export const usage =
  "cocktail-local [--file cocktail.yaml] [--port 8080] [--host ADDRESS] [--domain NAME] [--log-format pretty|json] [--end-leftovers]";

export function readArguments(argv: readonly string[]): ArgumentsAnswer {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        file: { type: "string", short: "f", default: "cocktail.yaml" },
        port: { type: "string", default: "8080" },
        host: { type: "string" },
        domain: { type: "string" },
        "log-format": { type: "string", default: "pretty" },
        "end-leftovers": { type: "boolean", default: false },
      },
    });
    const logFormat = values["log-format"];
    if (logFormat !== "pretty" && logFormat !== "json") return refuse(`--log-format ${logFormat}`);
    const port = Number(values.port);
    if (!/^\d+$/.test(values.port) || port > 65_535) return refuse(`--port ${values.port}`);
    const { domain, file, host } = values;
    const where = invalidPlace({ domain, host });
    if (where !== undefined) return refuse(where);
    const endLeftovers = values["end-leftovers"];
    return { ok: true, arguments: { file, port, host, domain, logFormat, endLeftovers } };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function invalidPlace({ domain, host }: Pick<Arguments, "domain" | "host">): string | undefined {
  if (host !== undefined && !isListenAddress(host)) return `--host ${host}`;
  if (domain !== undefined && !domainName.test(domain)) return `--domain ${domain}`;
  return undefined;
}

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** `COCKTAIL_LOG_LEVEL`; undefined where it is not valid. */
export function readLogLevel(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return "info";
  return levels.find((level) => level === text.toLowerCase());
}

function refuse(what: string): ArgumentsAnswer {
  return { ok: false, message: `${what}: invalid argument` };
}
