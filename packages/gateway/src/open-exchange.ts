import { admit } from "./admission.ts";
import { Exchange } from "./exchange.ts";
import type { Incoming } from "./incoming.ts";
import { answerOwn } from "./own-answers.ts";

/** Decides about a request: gives the exchange with its variant, or answers it and gives nothing. */
export function openExchange(incoming: Incoming): Exchange | undefined {
  const admission = admit(incoming);
  if (admission.kind === "forward") return new Exchange(incoming, admission);
  answerOwn(incoming, admission);
  return undefined;
}
