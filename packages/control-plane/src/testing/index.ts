export { describeLifecycle } from "../engine/testing/lifecycle-suite.ts";
export { MemoryStore } from "../store/memory/memory-store.ts";
export { describeStore, type StoreFixture } from "../store/testing/conformance.ts";
