import { type Load, saturate } from "./gateway-load.ts";

/** Runs in the network of a pod: `mesh-load.ts LOAD`, both ways JSON. */
const load = JSON.parse(process.argv[2] ?? "") as Load;
console.log(JSON.stringify(await saturate(load)));
