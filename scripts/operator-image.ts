// `node scripts/operator-image.ts DIR`: the files of the operator's image: one module with everything in it, for `node DIR/main.js`. Needs no
// build before. apps/operator/Dockerfile and the testbed make images of them.
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { root } from "./run-step.ts";

/** What CommonJS modules expect, of which some libraries are. */
const banner = `import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
const require = createRequire(import.meta.url);
const __filename = fileURLToPath(import.meta.url);
const __dirname = fileURLToPath(new URL(".", import.meta.url));
`;

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error("usage: node scripts/operator-image.ts DIR");
  process.exitCode = 2;
} else {
  const out = resolve(directory);
  await mkdir(out, { recursive: true });
  await build({
    entryPoints: [join(root, "apps/operator/src/main.ts")],
    outfile: join(out, "main.js"),
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    conditions: ["@cocktail/source"],
    banner: { js: banner },
    legalComments: "linked",
    logLevel: "warning",
  });
  await writeFile(join(out, "package.json"), `${JSON.stringify({ type: "module" })}\n`);
}
