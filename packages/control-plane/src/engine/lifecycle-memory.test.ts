import { MemoryStore } from "../store/memory/memory-store.ts";
import { describeLifecycle } from "./testing/lifecycle-suite.ts";

describeLifecycle("in memory", async () => {
  const store = new MemoryStore();
  return { store, close: () => store.close() };
});
