import type { Mutant } from "@cocktail/planted-bugs";

type Row = readonly [rule: string, find: string, replace: string, test: string];

function inFile(file: string, testFile: string, rows: readonly Row[]): readonly Mutant[] {
  return rows.map(([rule, find, replace, test]) => ({ rule, file, find, replace, testFile, test }));
}

const merging = [
  ...inFile("merge/ledger.ts", "merge/merge.test.ts", [
    [
      "M-20",
      "const isOurs = isOwnName(name) ||",
      "const isOurs =",
      "routes whose record was lost are found by their names",
    ],
    [
      "M-27",
      "entry.hash === hashOf(route)",
      "true",
      "a base route that got the name of a merged one is the base's",
    ],
  ]),
  ...inFile("merge/ledger.ts", "merge/properties.test.ts", [
    [
      "M-20",
      "return rest.length === 0 && added.includes(name) ? [] : [[name, rest]];",
      "return [[name, rest]];",
      "removing what was merged gives back the base, byte for byte",
    ],
    [
      "M-20",
      'if (Object.keys(annotations).length === 0 && added.includes("annotations")) {',
      "if (Object.keys(annotations).length === 0) {",
      "removing what was merged gives back the base, byte for byte",
    ],
  ]),
  ...inFile("merge/order.ts", "merge/merge.test.ts", [
    [
      "M-23",
      "const at = base.findIndex((other, index) => index >= top && mayOverlap(other, route));",
      "const at = base.length;",
      "a route of a patch goes right before the first base route that might take its requests",
    ],
    [
      "M-24",
      "priority(b) - priority(a) ||",
      "",
      "patches go by priority, then age, then namespace and name",
    ],
    [
      "M-24",
      "compare(a.owner.createdAt, b.owner.createdAt) ||",
      "",
      "patches go by priority, then age, then namespace and name",
    ],
    [
      "M-24",
      "before[at] = Math.min(before[at] ?? 0, before[at + 1] ?? 0);",
      "continue;",
      "precedence holds where a later route belongs further up",
    ],
    [
      "M-23",
      "index >= top && mayOverlap",
      "mayOverlap",
      "routes that Argo Rollouts manages stay on top, and a patch never gets above them",
    ],
  ]),
  ...inFile("merge/merge.ts", "merge/merge.test.ts", [
    [
      "M-22",
      "canonical(written) === canonical(target) ? target : written",
      "written",
      "what a merge doesn't change is the very same object",
    ],
    [
      "M-26",
      "const kept = isEmpty ? owned.at(-1) : undefined;",
      "const kept: OwnedRoute | undefined = undefined;",
      "the last route stays where the target has none of its own, and goes when it has",
    ],
  ]),
  ...inFile("merge/covering.ts", "merge/covering.test.ts", [
    [
      "M-32",
      "[unconditional, ...conditions].flatMap(",
      "conditions.flatMap(",
      "the first route that covers another is the one that a comparison of all finds",
    ],
    [
      "M-32",
      "prefix === undefined && [exact, regex]",
      "[exact, regex]",
      "the first route that covers another is the one that a comparison of all finds",
    ],
    [
      "M-32",
      "(counts.get(one) ?? 0) < (counts.get(best) ?? 0) ? one : best",
      "one",
      "a thousand routes that differ in one condition are compared with few",
    ],
  ]),
  ...inFile("merge/adopt.ts", "merge/merge.test.ts", [
    [
      "M-28",
      "essence(original) === essence(route)",
      "true",
      "a base route that is named alike but not equal is not adopted",
    ],
  ]),
  ...inFile("merge/names-in-target.ts", "merge/merge.test.ts", [
    [
      "M-27",
      "taken.has(wanted) ? unique : wanted",
      "wanted",
      "compatibility naming doesn't take the name of another route",
    ],
  ]),
  ...inFile("merge/prepare.ts", "merge/faults.test.ts", [
    [
      "M-25",
      "if (matchesAll(route, kind)) {",
      "if (route === options) {",
      "a route with a prefix of everything would hide stable and is refused",
    ],
  ]),
  ...inFile("merge/check-route.ts", "merge/hostile.test.ts", [
    [
      "M-54",
      "if (size > maxProgram)",
      "if (size > Infinity)",
      "a pattern that Envoy would refuse, and all routes of the port with it, is refused",
    ],
    [
      "M-54",
      'if (name === "uriRegexRewrite") return textsOf([fieldsOf(one)["match"]]);',
      "",
      "a pattern that Envoy would refuse, and all routes of the port with it, is refused",
    ],
  ]),
  ...inFile("merge/re2.ts", "merge/hostile.test.ts", [
    [
      "M-54",
      "const all = last * times;",
      "const all = last;",
      "the bound of a pattern's program is never below what Envoy's RE2 makes of it",
    ],
  ]),
  ...inFile("merge/patterns.ts", "merge/patterns.test.ts", [
    [
      "M-29",
      "return tighten ? { regex: fresh } : value;",
      "return value;",
      "the pattern that is passed around is made exact: it matches longer keys and no list with commas",
    ],
  ]),
];

const finding = inFile("lint/service.ts", "lint/lint.test.ts", [
  [
    "M-40",
    "return isOf(port, httpProtocols);",
    "return true;",
    "a port that isn't named as HTTP is found, with its place",
  ],
]);

/** Bugs that the named tests must find. Those of the Lua text are in lua.test.ts. */
export const mutants: readonly Mutant[] = [...merging, ...finding];
