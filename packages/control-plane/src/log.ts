import type { Logger } from "@cocktail/client";

export type { Logger };

const nothing = (): void => {};
export const silentLogger: Logger = Object.freeze({
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
});
