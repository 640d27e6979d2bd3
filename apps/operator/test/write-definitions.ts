// `npm run definitions`: writes the CustomResourceDefinitions of the models into the chart.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { definitionFiles, directory } from "./definition-files.ts";

for (const [name, content] of definitionFiles) writeFileSync(join(directory, name), content);
