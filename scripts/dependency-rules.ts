import type { IForbiddenRuleType } from "dependency-cruiser";

/** Which siblings a package may import: the picture of ARCHITECTURE.md as data. A package that is missing here may import none. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "packages/route": [],
  "packages/work-queue": [],
  "packages/client": ["route", "work-queue"],
  "packages/context": ["route"],
  "packages/local-state": [],
  "packages/embedded-postgres": ["local-state"],
  "packages/environment": ["route"],
  "packages/gateway": ["route"],
  "packages/mesh": ["route"],
  "packages/kubernetes": ["work-queue"],
  "packages/xds": ["work-queue"],
  "packages/control-plane": ["route", "work-queue", "client", "environment"],
};

/** What tests may import besides: real components to test against. */
const testsMayImport = ["embedded-postgres"];

/** Packages that only compute, and the libraries that they may use, which only compute too. `route` runs in a browser as well. */
const pure: Readonly<Record<string, readonly string[]>> = {
  route: [],
  environment: [],
  mesh: ["re2js"],
};

const tests = "\\.test\\.ts$|/(conformance|testing|__fixtures__)[./]|^packages/[^/]+/test/";

function direction([from, siblings]: readonly [string, readonly string[]]): IForbiddenRuleType[] {
  const own = `^${from}/`;
  const rule = (name: string, allowed: readonly string[]) => ({
    name: `direction of ${name}`,
    severity: "error" as const,
    comment: `It may import ${allowed.length === 0 ? "no sibling" : allowed.join(", ")}.`,
    to: { path: "^(packages|apps)/", pathNot: [own, ...allowed.map((s) => `^packages/${s}/`)] },
  });
  return [
    { ...rule(from, siblings), from: { path: own, pathNot: tests } },
    {
      ...rule(`the tests of ${from}`, [...siblings, ...testsMayImport]),
      from: { path: `^(?=${from}/)(?=.*(${tests}))` },
    },
  ];
}

const purity = Object.entries(pure).map(([name, libraries]): IForbiddenRuleType => ({
  name: `${name} is pure`,
  severity: "error",
  comment: "A decision takes data and returns data; what it needs from the world is an argument.",
  from: { path: `^packages/${name}/src/`, pathNot: tests },
  to: { pathNot: ["^packages/", ...libraries.map((one) => `^node_modules/${one}/`)] },
}));

export const forbidden: IForbiddenRuleType[] = [
  ...Object.entries(mayImport).flatMap(direction),
  ...purity,
  {
    name: "unknown package",
    severity: "error",
    comment: "Say in scripts/dependency-rules.ts which siblings this package may import.",
    from: { path: "^packages/([^/]+)/", pathNot: Object.keys(mayImport).map((p) => `^${p}/`) },
    to: { path: "^packages/", pathNot: "^packages/$1/" },
  },
  {
    name: "apps never import apps",
    severity: "error",
    comment: "An app is a composition root; another one is started as a process.",
    from: { path: "^apps/([^/]+)/" },
    to: { path: "^apps/", pathNot: "^apps/$1/" },
  },
  {
    name: "tests are for tests",
    severity: "error",
    comment: "Shipped code imports what only tests share.",
    from: { path: "^(packages|apps)/", pathNot: tests },
    to: { path: "^test/" },
  },
  {
    name: "no cycles",
    severity: "error",
    comment: "Two files that need each other hide a third concept that both need: name it.",
    from: {},
    to: { circular: true },
  },
  {
    name: "resolvable",
    severity: "error",
    comment: "No such file or package, or the package has no such door.",
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: "runtime dependencies are declared as such",
    severity: "error",
    comment: "Shipped code imports something that package.json lists for development only.",
    from: { path: "^(packages|apps)/[^/]+/src/", pathNot: tests },
    to: {
      dependencyTypes: ["npm-dev", "npm-no-pkg"],
      dependencyTypesNot: ["type-only", "npm-peer"],
    },
  },
];
