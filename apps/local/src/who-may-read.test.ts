import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@cocktail/test-support";
import { openLocal } from "./testing/cocktail-local.ts";
import { temporary } from "./testing/temporary.ts";

const printed = "what-it-prints";
const given = "what-it-is-given";
const files = {
  "app.cjs": `
    console.log("Error: no access with ${printed}");
    if (process.env.ENDS === "yes") process.exit(1);
    require("node:http").createServer((_, response) => response.end()).listen(process.env.PORT, process.env.HOST);
  `,
  "cocktail.yaml": `
apiVersion: cocktail.dev/v1alpha1
kind: Cocktail
metadata: {name: one}
services:
- {name: front, path: ., command: [node, app.cjs], entry: true, env: {PASSWORD: ${given}}}
`,
};
const parameters: Readonly<Record<string, string>> = {
  service: "front",
  key: "mp-1",
  name: "mp-1",
  epoch: "1",
};

test("without the token nobody reads what services print, or the variables that they get", async () => {
  using home = temporary(files);
  await using local = await openLocal(home.path);
  const source = { kind: "directory", path: home.path } as const;
  await local.api.deploy({ service: "front", key: "mp-1", source, env: { PASSWORD: given } });
  await local.ready("front", "mp-1");
  const env = { PASSWORD: given, ENDS: "yes" };
  await local.api.deploy({ service: "front", key: "mp-2", source, env });
  await until("another one to keep exiting", async () => {
    const { conditions } = await local.api.variant("front", "mp-2");
    return conditions.some(({ reason }) => reason === "CrashLoop");
  });
  const base = local.run.api ?? "";
  const authorization = `Bearer ${local.run.token}`;
  await until("its output to be in the log", async () => {
    const answer = await fetch(`${base}/v1/logs`, { headers: { authorization } });
    return (await answer.text()).includes(printed);
  });
  const seen: string[] = [];
  for (const path of await reads(base)) {
    const { status, text } = await begin(`${base}${path}`);
    seen.push(path);
    assert.equal(status, /\/(logs|environment)$/.test(path) ? 401 : 200, path);
    assert.ok(!text.includes(printed) && !text.includes(given), `${path}: ${text}`);
  }
  assert.ok(seen.includes("/v1/variants/front/mp-1"), seen.join(" "));
});

/** The path of every read of the API. */
async function reads(base: string): Promise<readonly string[]> {
  const { paths } = Object(await (await fetch(`${base}/v1/openapi.json`)).json()) as {
    readonly paths: Readonly<Record<string, object>>;
  };
  return Object.entries(paths)
    .filter(([, operations]) => "get" in operations)
    .map(([path]) => path.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? name));
}

/** An answer, of a stream what comes first. */
async function begin(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(url);
  if (response.headers.get("content-type")?.includes("event-stream") !== true)
    return { status: response.status, text: await response.text() };
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text = chunk;
    break; // closes it
  }
  return { status: response.status, text };
}
