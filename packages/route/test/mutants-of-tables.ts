import type { Mutant } from "@cocktail/planted-bugs";
import { inFile } from "./mutant-rows.ts";

const resolving = [
  ...inFile("resolve.ts", "resolve.test.ts", [
    [
      "R-21",
      "if (variant === undefined || !consumes(variant, endpoint)) return undefined;",
      "if (variant === undefined) return undefined;",
      "resolve is total and deterministic, and returns only live variants",
    ],
    [
      "R-22",
      "    fromPin(table, route, search) ??\n    fromLayers(table, route.environment, search) ??",
      "    fromLayers(table, route.environment, search) ??\n    fromPin(table, route, search) ??",
      "a live pin takes precedence over every environment",
    ],
    [
      "R-23",
      "    layer = listed.parent;",
      "    layer = STABLE;",
      "layers fall through upward to their parent",
    ],
    [
      "R-23",
      'if (resolution !== undefined) return resolution;\n      miss(search, { kind: "member"',
      'return resolution;\n      miss(search, { kind: "member"',
      "a member that isn't live is reported as missed",
    ],
    [
      "R-24",
      "const key = lookup(listed.members, service);",
      "const member = lookup(listed.members, service); const key = member === STABLE ? undefined : member;",
      "stable as a member or as a pin hides the layers below",
    ],
    [
      "R-25",
      '    found(search, "stable", STABLE) ??\n',
      "",
      "without pins and environment, stable answers",
    ],
    [
      "R-25",
      'found(search, "stable", STABLE)',
      'found(search, "stable", Object.keys(search.variants ?? {})[0] ?? "")',
      "a service without stable answers routes that name its variant, and no others",
    ],
    [
      "R-26",
      '    miss(search, { kind: "pin", service, key });\n',
      "",
      "a pin that isn't live is reported as missed, and the next layer answers",
    ],
    [
      "R-27",
      'return { ...resolution, missed: [{ kind: "environment", environment }] };',
      "return resolution;",
      "an unknown environment is reported as missed, whichever variant answers",
    ],
    [
      "R-27",
      "let layer = environment;\n  for (let depth = 0; layer !== undefined && layer !== STABLE && depth",
      "let layer = environment;\n  for (let depth = 0; layer !== undefined && depth",
      "the environment stable is the root and never missed",
    ],
    [
      "R-28",
      "return variant.endpoints.includes(endpoint);",
      "return variant.endpoints.length === 0 || variant.endpoints.includes(endpoint);",
      "an endpoint is answered only by variants that consume it",
    ],
    [
      "R-30",
      'new Set(["", ...route.pins.keys()])',
      "new Set(route.pins.keys())",
      "a strict edge sees everything that is missed, once each",
    ],
  ]),
  ...inFile("table.ts", "resolve.test.ts", [
    [
      "R-29",
      "export const maxDepth = 8;",
      "export const maxDepth = 9;",
      "eight layers are searched, a ninth is not",
    ],
  ]),
  ...inFile("lookup.ts", "resolve.test.ts", [
    [
      "R-15",
      "return Object.hasOwn(record, name) ? value : undefined;",
      "return value;",
      "names of built-in properties are ordinary names in resolve",
    ],
    [
      "R-15",
      ' && name !== "__proto__"',
      "",
      "names of built-in properties are ordinary names in resolve",
    ],
  ]),
  ...inFile("table.ts", "read-table.test.ts", [
    [
      "R-15",
      "return Object.hasOwn(record, name) ? record[name] : undefined;",
      "return record[name];",
      "names of built-in properties are ordinary names in a table",
    ],
  ]),
  ...inFile("resolve.ts", "resolve.test.ts", [
    [
      "R-31",
      "const key = lookup(listed.members, service);",
      "const key = lookup(listed.members, service) ?? Object.keys(search.variants ?? {}).toSorted()[0];",
      "a new variant changes nothing for a route that names neither it nor its layers",
    ],
  ]),
  ...inFile("table.ts", "table.test.ts", [
    [
      "R-29",
      "depth < maxDepth && layer !== STABLE",
      "depth <= maxDepth && layer !== STABLE",
      "a chain of parents ends at stable in at most eight steps",
    ],
  ]),
];

const tables = [
  ...inFile("table-tag.ts", "table.test.ts", [
    [
      "R-40",
      ".toSorted(([one], [other]) => (one < other ? -1 : 1))",
      "",
      "the canonical text of a table doesn't depend on the order of its names",
    ],
    [
      "R-40",
      "    onUnavailable: variant.onUnavailable,\n",
      "",
      "the canonical text covers all content, but not epoch, tag and history floor",
    ],
    [
      "R-41",
      "${previousTag}\\n",
      "",
      "the tag depends on the previous tag, the epoch and the content",
    ],
    [
      "R-41",
      "${next.epoch}\\n",
      "",
      "the tag depends on the previous tag, the epoch and the content",
    ],
  ]),
  ...inFile("table-id.ts", "table.test.ts", [
    [
      "R-42",
      "(0|[1-9][0-9]{0,15})",
      "([0-9]{1,16})",
      "a table's id is epoch and tag, and any other form is refused",
    ],
  ]),
  ...inFile("read-table.ts", "read-table.test.ts", [
    [
      "R-43",
      "    if (error instanceof Fault) return { ok: false, fault: error.fault };\n",
      "    if (!(error instanceof Fault)) throw error;\n    return { ok: false, fault: error.fault };\n",
      "reading a table is total, whatever the value",
    ],
    [
      "R-43",
      "if (entries.length > limit)",
      "if (entries.length > limit + 1)",
      "a table over a limit is refused",
    ],
    ["R-43", "  checkChains(environments);\n", "", "each fault is reported with its path"],
    ["R-43", "[\\x21-\\x7e]+$/", "[^]+$/", "each fault is reported with its path"],
    [
      "R-43",
      "incarnation: countOf(",
      "incarnation: 1 + countOf(",
      "a table survives a round trip through JSON",
    ],
  ]),
];

/** Planted bugs in the route table and in resolve. */
export const tableMutants: readonly Mutant[] = [...resolving, ...tables];
