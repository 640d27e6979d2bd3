import { type LocalCocktail, openLocal } from "./cocktail-local.ts";

/** Says who it is, and what the back answers when it has one. */
export const service = `
  const http = require("node:http");
  const me = process.env.COCKTAIL_SERVICE + ":" + process.env.COCKTAIL_VARIANT + " " + process.pid;
  let slow = 0;
  const server = http.createServer(async (request, response) => {
    if (request.url === "/die") process.exit(1);
    if (request.url === "/slow") return slow++, setTimeout(() => response.end(me), 800);
    if (request.url === "/in-flight") return response.end(String(slow));
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name.includes("route")));
    const back = process.env.BACK_URL && await fetch(process.env.BACK_URL, { headers }).then((answer) => answer.text());
    response.end(me + (back ? " <- " + back : ""));
  }).listen(process.env.PORT, process.env.HOST);
  process.on("SIGTERM", () => server.close(() => process.exit()));
`;
export const files = {
  "front/app.cjs": service,
  "back/app.cjs": service,
  "cocktail.yaml": `
apiVersion: cocktail.dev/v1alpha1
kind: Cocktail
metadata: {name: pair}
services:
- {name: front, path: ./front, command: [node, app.cjs], entry: true}
- {name: back, path: ./back, command: [node, app.cjs]}
`,
};

export async function pair(directory: string): Promise<LocalCocktail> {
  const local = await openLocal(directory);
  await Promise.all([local.ready("front", "stable"), local.ready("back", "stable")]);
  return local;
}
