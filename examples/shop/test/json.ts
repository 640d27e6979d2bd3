import assert from "node:assert/strict";

interface Item {
  readonly sku: string;
  readonly quantity: number;
  readonly priceCents: number;
}
interface Answer {
  readonly service: string;
  readonly served?: string;
}
interface Visit {
  readonly route: string;
  readonly count: number;
}

/** Whatever a service of the shop may answer. */
export interface Body {
  readonly [name: string]: unknown;
  readonly items?: readonly Item[];
  readonly answeredBy?: readonly Answer[];
  readonly visits?: readonly Visit[];
}

function isBody(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export async function readBody(response: Response): Promise<Body> {
  return bodyOf(await response.json());
}

export function bodyOf(value: unknown): Body {
  assert.ok(isBody(value), "the answer is not a JSON object");
  return value;
}

export async function json(
  url: string,
  init?: RequestInit,
): Promise<{ readonly status: number; readonly body: Body }> {
  const response = await fetch(url, init);
  return { status: response.status, body: await readBody(response) };
}

export function post(body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit {
  const init = { method: "POST", body: JSON.stringify(body) };
  return { ...init, headers: { "content-type": "application/json", ...headers } };
}
