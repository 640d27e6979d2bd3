import type { Server } from "node:http";

/** Where `cocktail up` wants the service; a free port where it runs alone. */
export function address(): { readonly host: string; readonly port: number } {
  return { host: process.env["HOST"] ?? "127.0.0.1", port: Number(process.env["PORT"] ?? 0) };
}

/** Runs `close` at the first SIGTERM or SIGINT; the process ends by itself when nothing is left to do. */
export function onStop(close: () => void): void {
  const stop = (): void => {
    process.off("SIGTERM", stop).off("SIGINT", stop);
    close();
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
}

/** One line that says where the service listens; tests read the port from it. */
export function announce(name: string, server: Server): void {
  const bound = server.address();
  if (typeof bound === "object" && bound !== null) {
    console.log(`${name} listens on http://${bound.address}:${bound.port}`);
  }
}
