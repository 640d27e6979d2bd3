import type { Clock } from "@cocktail/work-queue";
import type { Api } from "../api/api.ts";
import { ApiUnreachable, errorOf } from "../api/api-error.ts";
import { collectionPath, type Resource } from "../api/resource.ts";
import { isKubeObject, isRecord, type KubeObject } from "../object.ts";
import type { Selection } from "./selection.ts";

export type WatchEvent =
  | { readonly type: "put" | "deleted"; readonly object: KubeObject }
  | { readonly type: "bookmark"; readonly resourceVersion: string };

export interface WatchOptions extends Selection {
  readonly clock: Clock;
  readonly resourceVersion: string;
  /** The server ends the watch after so many seconds, a bookmark before. */
  readonly seconds: number;
  /** Without an event or bookmark for so long the connection is taken for half-open. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

/** Nothing came for too long, not even a bookmark. */
export class WatchSilent extends Error {
  override readonly name = "WatchSilent";
}

/** The changes since a version. Ends when the server ends it; throws for ERROR events, cut lines and silence. */
export async function* watchObjects(
  api: Api,
  resource: Resource,
  options: WatchOptions,
): AsyncGenerator<WatchEvent> {
  const { clock, namespace, labelSelector, fieldSelector, resourceVersion, seconds } = options;
  const path = collectionPath(resource, namespace);
  const silence = new AbortController();
  const arm = (): (() => void) =>
    clock.after(options.silenceMs, () =>
      silence.abort(
        new WatchSilent(`watch ${path}: no event or bookmark for ${options.silenceMs} ms`),
      ),
    );
  let disarm = arm();
  try {
    const lines = await api.stream({
      method: "GET",
      path,
      query: {
        watch: true,
        allowWatchBookmarks: true,
        timeoutSeconds: seconds,
        resourceVersion,
        labelSelector,
        fieldSelector,
      },
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
    for await (const line of lines) {
      disarm();
      disarm = arm();
      yield parseEvent(path, line);
    }
  } catch (error) {
    // What the abort made of the body is not why.
    if (!options.signal.aborted) silence.signal.throwIfAborted();
    throw error;
  } finally {
    disarm();
  }
}

function parseEvent(path: string, line: string): WatchEvent {
  const event = parseLine(path, line);
  const { type, object } = isRecord(event) ? event : {};
  switch (type) {
    case "ERROR":
      throw errorOf(`watch ${path}`, codeOf(object), object, undefined);
    case "BOOKMARK": {
      const resourceVersion = versionOf(object);
      if (resourceVersion !== undefined) return { type: "bookmark", resourceVersion };
      break;
    }
    case "DELETED":
      if (isKubeObject(object)) return { type: "deleted", object };
      break;
    case "ADDED":
    case "MODIFIED":
      if (isKubeObject(object)) return { type: "put", object };
      break;
    default:
  }
  throw new ApiUnreachable(`watch ${path}: not an event of a watch: ${line.slice(0, 200)}`);
}

function codeOf(status: unknown): number {
  return isRecord(status) && typeof status["code"] === "number" ? status["code"] : 500;
}

/** Of a bookmark, which has no name. */
function versionOf(object: unknown): string | undefined {
  const metadata = isRecord(object) && isRecord(object["metadata"]) ? object["metadata"] : {};
  const { resourceVersion } = metadata;
  return typeof resourceVersion === "string" ? resourceVersion : undefined;
}

function parseLine(path: string, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new ApiUnreachable(`watch ${path}: an event is not JSON`, { cause: error });
  }
}
