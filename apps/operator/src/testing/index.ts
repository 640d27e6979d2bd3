export { definitions } from "../store/definitions/definitions.ts";
export { KubernetesObjects, type KubernetesObjectsOptions } from "../store/kubernetes-objects.ts";
export { KubernetesTables, type KubernetesTablesOptions } from "../store/tables.ts";
export { environments, records, serviceVariants } from "../store/resources.ts";
