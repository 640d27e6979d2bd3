export * from "./condition.ts";
export * from "./environment.ts";
export * from "./problem.ts";
export * from "./resolution.ts";
export * from "./service.ts";
export * from "./variant.ts";
export * from "./watch.ts";
