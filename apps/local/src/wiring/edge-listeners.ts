import type { Gateway, Listener } from "@cocktail/gateway";
import { StartFailure } from "./failure.ts";

/** The edge: one port on both loopback addresses, since `localhost` resolves to either. */
export interface Edge {
  readonly port: number;
  readonly url: string;
  close(options: { readonly graceMs: number }): Promise<void>;
}

const attempts = 20;

export async function openEdge(
  gateway: Pick<Gateway, "listenEdge">,
  wanted: number,
): Promise<Edge> {
  for (let attempt = 1; ; attempt++) {
    const first = await listen(gateway, "127.0.0.1", wanted);
    const second = await listenIpv6(gateway, first, wanted === 0 && attempt < attempts);
    if (second === "again") continue;
    const listeners = second === "absent" ? [first] : [first, second];
    return {
      port: first.port,
      url: `http://localhost:${first.port}`,
      close: async (how) => void (await Promise.all(listeners.map((one) => one.close(how)))),
    };
  }
}

/** The same port on ::1. `again` where the port was not chosen by the user and is in use there. */
async function listenIpv6(
  gateway: Pick<Gateway, "listenEdge">,
  first: Listener,
  mayChoose: boolean,
): Promise<Listener | "absent" | "again"> {
  try {
    return await gateway.listenEdge({ host: "::1", port: first.port });
  } catch (error) {
    const code = codeOf(error);
    if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT" || code === "EINVAL") return "absent";
    await first.close({ graceMs: 0 });
    if (code === "EADDRINUSE" && mayChoose) return "again";
    throw failure(error, "::1", first.port);
  }
}

async function listen(
  gateway: Pick<Gateway, "listenEdge">,
  host: string,
  port: number,
): Promise<Listener> {
  try {
    return await gateway.listenEdge({ host, port });
  } catch (error) {
    throw failure(error, host, port);
  }
}

function failure(error: unknown, host: string, port: number): StartFailure {
  const code = codeOf(error);
  const why =
    code === "EADDRINUSE"
      ? "is taken by another process"
      : code === "EACCES"
        ? "may not be used by this user"
        : `can't be used: ${error instanceof Error ? error.message : String(error)}`;
  return new StartFailure(
    `port ${port} on ${host} ${why}`,
    "choose another one: --port 8081, or --port 0 for any",
    1,
    error,
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
