import { type Load, type Measured, saturate } from "./gateway-load.ts";

/**
 * Runs in the network of a pod: `mesh-load.ts PORT CONNECTIONS SECONDS [HEADER VALUE]...`. Prints requests, requests a second, p50, p99 and bad
 * answers.
 */
export function loadWords({ port, connections, seconds, headers }: Load): readonly string[] {
  return [...[port, connections, seconds].map(String), ...Object.entries(headers).flat()];
}

export function parseMeasured(line: string): Measured {
  const [requests = 0, perSecond = 0, p50 = 0, p99 = 0, bad = 0] = line
    .trim()
    .split(" ")
    .map(Number);
  return { requests, perSecond, p50, p99, bad };
}

if (import.meta.main) {
  const [port, connections, seconds, ...lines] = process.argv.slice(2);
  const headers = Object.fromEntries(
    lines.flatMap((name, at) => (at % 2 === 0 ? [[name, lines[at + 1] ?? ""]] : [])),
  );
  const measured = await saturate({
    port: Number(port),
    connections: Number(connections),
    seconds: Number(seconds),
    headers,
  });
  const { requests, perSecond, p50, p99, bad } = measured;
  console.log([requests, perSecond, p50, p99, bad].join(" "));
}
