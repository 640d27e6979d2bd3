import { type Answer, fieldOf, numberOf } from "@cocktail-shop/chassis";
import { type Door, renderDoor } from "./door.ts";
import { escape } from "./escape.ts";
import type { Home, Panel } from "./home.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";

interface View {
  /** The route of the request as one line; empty without one. */
  readonly route: string;
  readonly door: Door;
  /** Lets this page's own style and script run, and nobody else's. */
  readonly nonce: string;
}

export function renderPage(home: Home, { route, door, nonce }: View): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The Cocktail Shop</title>
<style nonce="${nonce}">${pageStyle}</style>
</head>
<body>
<header>
  <p class="mark" aria-hidden="true">&#x1F378;</p>
  <h1>The Cocktail Shop</h1>
  <p class="route">${route === "" ? "You see <b>stable</b>, everywhere." : `Your route: <code>${escape(route)}</code>`}</p>
  ${renderDoor(door)}
</header>
<main>
  <section class="answered" aria-labelledby="who">
    <h2 id="who">Who answered</h2>
    <ol id="answers">${home.answeredBy.map((answer) => badge(answer, "li")).join("")}</ol>
  </section>
  <section><h2>Your cart</h2>${panel(home.cart, renderCart)}</section>
  <section><h2>You may like</h2>${panel(home.recommendations, renderItems)}</section>
  <section class="order">
    <button id="checkout" type="button">Place the order</button>
    <div id="result" role="status"></div>
  </section>
</main>
<script nonce="${nonce}">${pageScript}</script>
</body>
</html>
`;
}

function panel(shown: Panel, render: (body: unknown) => string): string {
  if (shown.ok) return render(shown.body) + signature(shown.answeredBy[0]);
  const { title, status, detail } = shown.problem;
  return `<p class="problem"><b>${status} ${escape(title)}</b> ${escape(detail)}</p>`;
}

function renderCart(cart: unknown): string {
  const total = `<p class="total">Total <b>${money(numberOf(cart, "totalCents"))}</b></p>`;
  return `${renderItems(cart)}${total}<p class="note">${escape(textOf(cart, "note"))}</p>`;
}

function renderItems(body: unknown): string {
  const items = fieldOf(body, "items");
  const lines = (Array.isArray(items) ? items : []).map((item: unknown) => {
    const quantity = numberOf(item, "quantity");
    const times = quantity > 1 ? ` &times; ${quantity}` : "";
    return `<li>${escape(textOf(item, "title"))}${times}<span>${money(numberOf(item, "priceCents"))}</span></li>`;
  });
  return `<ul>${lines.join("")}</ul>`;
}

function signature(answer: Answer | undefined): string {
  return answer === undefined ? "" : `<p class="signature">${badge(answer, "span")}</p>`;
}

function badge({ service, variant, version }: Answer, element: "li" | "span"): string {
  const tier = variant === "stable" || variant === "rc" ? variant : "branch";
  const text = `${escape(service)}<b>:${escape(variant)}</b> <small>${escape(version)}</small>`;
  return `<${element} class="badge ${tier}">${text}</${element}>`;
}

function textOf(body: unknown, name: string): string {
  const value = fieldOf(body, name);
  return typeof value === "string" ? value : "";
}

function money(cents: number): string {
  return `&euro;&nbsp;${(cents / 100).toFixed(2)}`;
}
