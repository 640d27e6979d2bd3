// `npm run pack`: tarballs in dist/. `npm run pack -- @cocktail/cli` packs one. Needs `npm run build` before.
import { join } from "node:path";
import { pack } from "./pack/pack.ts";
import { root } from "./run-step.ts";

const names = process.argv.slice(2);
const wanted = names.length > 0 ? names : ["@cocktail/route", "@cocktail/context", "@cocktail/cli"];
for (const name of wanted) console.log(await pack(name, join(root, "dist")));
