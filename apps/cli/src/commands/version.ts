import { readFile } from "node:fs/promises";
import { type Command, command } from "../command/command.ts";
import { line } from "../output/view.ts";

export const version: Command = command({
  path: ["version"],
  summary: "Print the version",
  target: "none",
  examples: [
    { text: "for people", command: "cocktail version" },
    { text: "for a bug report", command: "cocktail version -o json" },
  ],
  run: async () => ({
    version: await readVersion(),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  }),
  view: ({ version: number, node, platform }) => [
    line(`cocktail ${number} (Node ${node}, ${platform})`),
  ],
  names: ({ version: number }) => [number],
});

async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(
    await readFile(new URL("../../package.json", import.meta.url), "utf8"),
  );
  return String(Reflect.get(Object(manifest), "version"));
}
