import { own } from "@cocktail/route";
import { Exchange } from "./exchange.ts";
import { Http1Forward } from "./http1-forward.ts";
import { Http2Forward } from "./http2-forward.ts";
import { requestHeaders } from "./request-headers.ts";
import { admit } from "./admission.ts";
import type { Incoming } from "./incoming.ts";
import { answerOwn } from "./own-answers.ts";

/** Admits a request: returns the exchange with its variant, or responds and returns undefined. */
export function openExchange(incoming: Incoming): Exchange | undefined {
  const admission = admit(incoming);
  if (admission.kind === "forward") return new Exchange(incoming, admission);
  answerOwn(incoming, admission);
  return undefined;
}

/** Forwards an exchange in the protocol of its service. */
export function dispatch(exchange: Exchange): void {
  const { core, head, upstream } = exchange;
  const headers = requestHeaders(exchange);
  const protocol = own(core.settings().services, upstream.ref.service)?.protocol ?? "auto";
  const http2 = protocol === "h2c" || (protocol === "auto" && head.isGrpc);
  // A gRPC client may keep an idle stream open without limit.
  if (!(http2 && head.isGrpc)) watchUpload(exchange);
  if (http2) new Http2Forward(exchange, headers).send();
  else new Http1Forward(exchange, headers).send();
}

function watchUpload(exchange: Exchange): void {
  const { upload } = exchange;
  const { uploadWatch, limits } = exchange.core;
  if (upload === undefined) return;
  uploadWatch.add(upload, () => {
    exchange.refuse({
      code: "RequestTimeout",
      detail: `No byte of the body arrived for ${limits.bodyIdleMs} ms`,
      fix: "Send it faster, or in parts",
      close: true,
    });
  });
}
