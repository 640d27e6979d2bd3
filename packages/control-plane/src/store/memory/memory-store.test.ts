import { describeStore } from "../conformance.ts";
import { MemoryStore } from "./memory-store.ts";

describeStore("memory", () => {
  const store = new MemoryStore();
  return Promise.resolve({
    store,
    another: () => Promise.resolve(store),
    [Symbol.asyncDispose]: () => store.close(),
  });
});
