import type { IncomingHttpHeaders } from "node:http";
import { escape } from "./escape.ts";

/**
 * How this visitor can go into an environment or out of it. An address that means one (`mp-101.localhost`) stands above
 * the gateway's cookie, so there the only way out is another address.
 */
export type Door =
  | { readonly kind: "address"; readonly environment: string; readonly stableHost: string }
  | { readonly kind: "cookie"; readonly isInside: boolean };

export function doorOf(headers: IncomingHttpHeaders): Door {
  const { host = "", cookie = "" } = headers;
  const environment = String(headers["x-source-route"] ?? "");
  const [first = "", ...rest] = host.split(".");
  if (rest.length > 0 && first === environment) {
    return { kind: "address", environment, stableHost: rest.join(".") };
  }
  return { kind: "cookie", isInside: /(^|; *)cocktail-route=/.test(cookie) };
}

/** The gateway's own pages set and clear the cookie, and come back to here. */
export function renderDoor(door: Door): string {
  if (door.kind === "address") {
    const { environment, stableHost } = door;
    return `<p class="route">This address means <b>${escape(environment)}</b>. <a href="//${escape(stableHost)}/">To stable</a></p>`;
  }
  const leave = `<a href="/.well-known/cocktail/leave?to=/">back to stable</a>`;
  return `<form action="/.well-known/cocktail/enter">
    <label>Enter an environment <input name="environment" required pattern="[a-z0-9]([\\-a-z0-9]{0,38}[a-z0-9])?" placeholder="mp-101" size="12"></label>
    <input type="hidden" name="to" value="/"><button>Enter</button> ${door.isInside ? leave : ""}
  </form>`;
}
