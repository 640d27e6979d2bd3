export { KubernetesTables, type KubernetesTablesOptions } from "./tables.ts";
