export { describeLifecycle } from "../engine/testing/lifecycle-suite.ts";
export { MemoryStore } from "../store/memory/memory-store.ts";
export { describeObjectStore } from "../store/testing/objects.ts";
export { describeStore, type StoreFixture } from "../store/testing/conformance.ts";
export { describeRouteTableStore } from "../store/testing/route-tables.ts";
export { sampleContent, type TablesFixture, withVariant } from "../store/testing/samples.ts";
export { describeWriters } from "../store/testing/writers.ts";
