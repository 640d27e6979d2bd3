import { Counter, type Registry } from "prom-client";

export interface MergeMetrics {
  /** A VirtualService was written. */
  wrote(): void;
  /** Somebody else had replaced its routes. */
  restored(): void;
}

export function registerMergeMetrics(registry: Registry): MergeMetrics {
  const counter = (name: string, help: string): Counter =>
    new Counter({ name, help, registers: [registry] });
  const writes = counter("cocktail_merge_target_writes_total", "VirtualServices written");
  const restored = counter(
    "cocktail_merge_targets_restored_total",
    "VirtualServices of which somebody else had replaced the routes",
  );
  return { wrote: () => writes.inc(), restored: () => restored.inc() };
}
