export type { Mutant } from "./mutant.ts";
export { copyPackage } from "./package-copy.ts";
export { plant, type PlantedPackage } from "./plant.ts";
export { checkMutants, checkPlantable } from "./rules.ts";
