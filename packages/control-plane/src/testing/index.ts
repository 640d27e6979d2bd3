export { MemoryStore } from "../store/memory/memory-store.ts";
