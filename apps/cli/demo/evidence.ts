import type { TracedResponse } from "../src/edge/trace.ts";
import { member } from "./json.ts";

/** The visible result of a response, or the gateway's reason for a refusal. */
export function evidenceOf({ status, body, problem }: TracedResponse): readonly string[] {
  const refusal = problem?.["detail"];
  if (typeof refusal === "string") return [`${status}: ${refusal}`];
  const order = member(parse(body), "order");
  if (order === undefined) return [];
  const payment = member(order, "payment");
  const channel = member(member(order, "notification"), "channel");
  return [
    `paid by ${String(member(payment, "method"))}, settled in ${String(member(payment, "settledIn"))}; told by ${String(channel)}; delivery ${String(member(order, "delivery"))}`,
  ];
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
