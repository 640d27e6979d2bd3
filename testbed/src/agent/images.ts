import { join } from "node:path";
import type { Container } from "./pod.ts";

const clone = join(import.meta.dirname, "../../..");

/**
 * The images that pods may name, of any tag. Without a container runtime an image is the command that it would run; the profile `node` packs
 * the same files into real images.
 */
const images: Readonly<Record<string, readonly string[]>> = {
  "cocktail.test/app": [process.execPath, join(clone, "testbed/app/main.ts")],
  "cocktail/operator": [
    process.execPath,
    "--conditions=@cocktail/source",
    join(clone, "apps/operator/src/main.ts"),
  ],
};

/** What a container runs. Throws for an image that is not among the known ones. */
export function commandOf({
  image,
  command,
  args = [],
}: Container): readonly [string, ...string[]] {
  const start = command ?? images[image.replace(/(?::[^/:@]+)?(?:@.+)?$/, "")];
  const [file, ...rest] = start ?? [];
  if (file === undefined)
    throw new Error(`no image ${image} here; there are ${Object.keys(images).join(", ")}`);
  return [file, ...rest, ...args];
}
