import type { Logger } from "@cocktail/client";

const ignore = (): void => undefined;
export const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
