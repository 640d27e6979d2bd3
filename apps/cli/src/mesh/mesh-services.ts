import { defaultMeshNames, findServices, type KubeObject, type MeshService } from "@cocktail/mesh";
import { type FileObject, invalid } from "./read-objects.ts";

/** The services that these objects describe. Throws a failure that names file and line. */
export function meshServices(objects: readonly FileObject[]): readonly MeshService[] {
  const { services, faults } = findServices(
    objects.map(({ object }) => object),
    defaultMeshNames,
  );
  const [fault] = faults;
  if (fault === undefined) return services;
  throw invalid(`${placeOf(fault.object, objects)}: ${fault.message}`);
}

function placeOf(object: KubeObject, objects: readonly FileObject[]): string {
  return objects.find((one) => one.object === object)?.at ?? object.metadata.name;
}
