// `node scripts/left-behind.ts NAME=value`: the living processes that have this in their environment, one a line.
import { findLeftovers } from "./test-run/leftovers.ts";

const [mark = ""] = process.argv.slice(2);
if (!mark.includes("=")) throw new Error("usage: node scripts/left-behind.ts NAME=value");
for (const { pid, command } of await findLeftovers(mark)) console.log(`process ${pid}: ${command}`);
