#!/usr/bin/env node
// Starts src/main.ts in a clone and dist/main.js in an installed package, in this same process: a second
// process would cost 23 ms and would have to forward signals. Plain syntax, so that an old Node can say why.
import { existsSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const oldest = 24;
if (Number.parseInt(process.versions.node, 10) < oldest) {
  process.stderr.write(
    "cocktail: needs Node " +
      oldest +
      " or newer, this is " +
      process.versions.node +
      " (" +
      process.execPath +
      ").\n" +
      "Fix: install Node " +
      oldest +
      " (https://nodejs.org) and run cocktail again; in a clone, `npm ci` brings one for `npx` and `npm run`.\n",
  );
  process.exit(2);
}

// In the package, not in the temporary directory (Node's default), so that uninstalling removes it.
const cache = process.env.NODE_COMPILE_CACHE ?? new URL("../.compile-cache", import.meta.url);
module.enableCompileCache(cache instanceof URL ? fileURLToPath(cache) : cache);
const source = new URL("../src/main.ts", import.meta.url);
const inClone = !fileURLToPath(source).includes("/node_modules/") && existsSync(source);
if (inClone) {
  module.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, "@cocktail/source"] }),
  });
}
await import(inClone ? "../src/main.ts" : "../dist/main.js");
