import type { Mutant } from "@cocktail/planted-bugs";
import { inFile } from "./mutant-rows.ts";
import { tableMutants } from "./mutants-of-tables.ts";

const parsing = [
  ...inFile("split.ts", "parse.test.ts", [
    [
      "R-1",
      "entries.push(text.slice(from));",
      "entries.unshift(text.slice(from));",
      "pins keep the order of the header",
    ],
    [
      "R-2",
      "from = skipOws(text, comma + 1);",
      "from = comma + 1;",
      "a comma separates pins, with or without white space around it",
    ],
    [
      "R-2",
      "text.slice(from, endOfEntry(text, from, comma))",
      "text.slice(from, comma)",
      "splitting agrees with the grammar's separators",
    ],
    ["R-2", 'value.join(",")', 'value.join("")', "repeated header lines are one list"],
    [
      "R-3",
      "from = pair + 2;",
      "from = skipOws(text, pair + 2);",
      "white space around the whole value is ignored, elsewhere it makes the entry malformed",
    ],
    [
      "R-3",
      "return unit === 32 || unit === 9;",
      "return unit === 32 || unit === 9 || unit === 160;",
      "white space around the whole value is ignored, elsewhere it makes the entry malformed",
    ],
    [
      "R-4",
      'find(text, "::", from)',
      'find(text, "::", from - 1)',
      "the third of three colons belongs to the next entry, which is malformed",
    ],
    [
      "R-7",
      "text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase())",
      "text.toLowerCase()",
      "upper case equals lower case, in ASCII only",
    ],
    [
      "R-10",
      "if (entries.length === maxEntries)",
      "if (entries.length === maxEntries + 1)",
      "64 entries are read, the 65th makes the header count as absent",
    ],
    [
      "R-10",
      "if (entries.length === maxEntries)",
      "if (entries.filter((entry) => entry !== '').length === maxEntries)",
      "empty and malformed entries count toward the 64",
    ],
    [
      "R-11",
      "text.length > maxFieldLength",
      "text.length >= maxFieldLength",
      "4096 bytes are read, 4097 make the header count as absent",
    ],
    [
      "R-14",
      "text.length > maxFieldLength",
      "text.length > maxFieldLength * 1000",
      "a mebibyte of any text is rejected as too long",
    ],
  ]),
  ...inFile("names.ts", "parse.test.ts", [
    [
      "R-5",
      "const maxServiceLength = 253;",
      "const maxServiceLength = 254;",
      "names obey the limits of DNS",
    ],
    [
      "R-5",
      "if (dot - from > maxLabelLength || !isLabel(text, from, dot)) return false;",
      "if (dot - from > maxLabelLength) return false;",
      "a service name may contain dots, which match literally",
    ],
    [
      "R-6",
      "const maxKeyLength = 40;",
      "const maxKeyLength = 41;",
      "an environment is a key: 40 characters at most",
    ],
    [
      "R-6",
      "text.charCodeAt(to - 1) === dash",
      "text.charCodeAt(to) === dash",
      "names obey the limits of DNS",
    ],
    [
      "R-5",
      "unit >= 97 && unit <= 122",
      "unit >= 96 && unit <= 123",
      "names obey the limits of DNS",
    ],
  ]),
  ...inFile("parse.ts", "parse.test.ts", [
    [
      "R-8",
      "if (earlier === undefined) {",
      "if (pin) {",
      "the leftmost pin of a service wins, and the others are rejected as shadowed",
    ],
    [
      "R-8",
      "else if (earlier !== pin.key) rejected",
      "else rejected",
      "a repeated pin is not rejected",
    ],
    ["R-9", "      continue;\n", "      break;\n", "a malformed entry is dropped alone"],
    [
      "R-9",
      'if (entry === "") rejected.push(rejection(field, singleValued[field].empty, entry));\n    else if',
      "if",
      "an empty entry beside others is dropped alone and reported",
    ],
    ["R-9", "text.slice(0, 80)", "text", "a rejection quotes at most 80 characters"],
    [
      "R-11",
      "if (canonicalLength <= maxFieldLength) return pins;",
      "return pins;",
      "a list whose canonical form is over 4096 bytes counts as absent, with commas too",
    ],
    [
      "R-11",
      "let canonicalLength = -separatorLength;",
      "let canonicalLength = 0;",
      "a list whose canonical form is over 4096 bytes counts as absent, with commas too",
    ],
    [
      "R-12",
      "value !== undefined && value !== entry",
      "value !== undefined && value === entry",
      "equal environments are merged, different ones are rejected",
    ],
    [
      "R-12",
      "if (name === undefined || isKey(name)) return name;",
      "if (name === undefined || name !== '') return name;",
      "an environment is a key: 40 characters at most",
    ],
    [
      "R-13",
      'if (mode === "strict") return "strict";',
      'if (mode?.startsWith("strict")) return "strict";',
      "an unknown mode is fallback, and rejected",
    ],
    [
      "R-15",
      "const pins = new Map<string, string>();",
      "const record: Record<string, string> = {}; const pins = { get: (k: string) => record[k], set: (k: string, v: string) => { record[k] = v; }, [Symbol.iterator]: () => Object.entries(record)[Symbol.iterator](), size: 1 } as unknown as Map<string, string>;",
      "names of built-in properties are ordinary names",
    ],
  ]),
  ...inFile("format.ts", "parse.test.ts", [
    [
      "R-16",
      ": `::${service}:${key}`",
      ": `,,${service}:${key}`",
      "parsing the canonical form returns the route",
    ],
    [
      "R-16",
      'if (route.mode === "strict")',
      'if (route.mode !== "strict")',
      "parsing the canonical form returns the route",
    ],
    [
      "R-17",
      "if (route.pins.size === 0) return undefined;",
      "",
      "a route without pins and environment has no headers",
    ],
  ]),
];

const baggage = [
  ...inFile("headers.ts", "baggage.test.ts", [
    [
      "R-18",
      "pins: pins ?? baggage.pins",
      "pins: pins || baggage.pins",
      "a present header hides its baggage member, even where nothing of it is accepted",
    ],
    [
      "R-18",
      "environment: environment ?? baggage.environment",
      "environment: environment || baggage.environment",
      "a present header hides its baggage member, even where nothing of it is accepted",
    ],
  ]),
  ...inFile("baggage.ts", "baggage.test.ts", [
    [
      "R-19",
      "memberOf(entry) === undefined);",
      "memberOf(entry) === undefined).map((entry) => entry.trim());",
      "foreign members keep their bytes and order, route members are replaced",
    ],
    [
      "R-19",
      "const name = trimOws(entry.slice(0, equals));",
      "const name = entry.slice(0, equals).trim();",
      "members with similar names are foreign",
    ],
    [
      "R-20",
      "(fields[members[member]] ??= []).push(decode(valueOf(entry)))",
      "fields[members[member]] ??= [decode(valueOf(entry))]",
      "a repeated member is treated as a repeated header",
    ],
    [
      "R-20",
      "  return value.replace(/%([0-9a-f]{2})/gi",
      "  return decodeURIComponent(value).replace(/%([0-9a-f]{2})/gi",
      "an invalid or non-ASCII escape makes its own entry malformed, and no other",
    ],
    [
      "R-20",
      "const nonAsciiEscape = /%(?![0-7][0-9a-f])/i;",
      "const nonAsciiEscape = /%(?![0-9a-f]{2})/i;",
      "the limit of a member counts decoded bytes, as for a header",
    ],
    [
      "R-20",
      "text.length > maxBaggageLength",
      "text.length > maxBaggageLength + 1",
      "baggage over the limit is not read",
    ],
    [
      "R-20",
      'const properties = value.indexOf(";");',
      "const properties = -1;",
      "route members are read at any position, with properties and white space",
    ],
    [
      "R-20",
      "encodeURIComponent(pins)",
      "pins",
      "a route is mirrored as three members, percent-encoded",
    ],
  ]),
];

const matches =
  "the regex of a variant matches a canonical header exactly when parse finds that pin";
const patterns = [
  ...inFile("regex.ts", "regex.test.ts", [
    ["R-32", "^(?:.*(?:::|,[ \\\\t]*))?", "^.*", matches],
    ["R-32", "(?:(?:::|[ \\\\t]*,).*)?$", ".*$", matches],
    [
      "R-32",
      "::|,[ \\\\t]*",
      "::|,",
      "the regex of a pin matches in lines that a proxy joined with commas",
    ],
    ["R-33", "[\\\\.+*?()", "[\\\\+*?()", "a dot in a service's name is escaped in its regex"],
  ]),
  ...inFile("trace.ts", "trace.test.ts", [
    [
      "R-34",
      'text("layer", hop.layer)',
      'text("layer", undefined)',
      "every part of a hop survives the header",
    ],
    [
      "R-35",
      "items.length === maxHops",
      "items.length > maxHops",
      "64 short hops fit, the 65th doesn't",
    ],
    [
      "R-35",
      "maxTraceLength - truncatedToken.length - length",
      "maxTraceLength - length",
      "a trace never exceeds 64 items and 4 KiB, keeps its first hops, and says that others were dropped",
    ],
    [
      "R-36",
      '.replace(/[^\\x20-\\x7e]/g, "?")',
      "",
      "quotes and backslashes are escaped, characters outside printable ASCII become question marks",
    ],
    [
      "R-36",
      '.replace(/["\\\\]/g, "\\\\$&")',
      "",
      "quotes and backslashes are escaped, characters outside printable ASCII become question marks",
    ],
  ]),
  ...inFile("trace-parse.ts", "trace.test.ts", [
    [
      "R-36",
      "if (hop === undefined || hops.length === maxHops) truncated = true;\n    else",
      "if (hop !== undefined && hops.length < maxHops)",
      "an item that is not a hop is dropped, and the trace is marked truncated",
    ],
    [
      "R-36",
      "if (value.length > maxReadLength) return { hops: [], truncated: true };",
      "",
      "reading a trace never throws, whatever the text",
    ],
  ]),
];

const keys = inFile("key.ts", "key.test.ts", [
  ["R-37", "(?![a-z0-9])/g", "/g", "a ticket is never part of a longer word or number"],
  ["R-37", "(?<![a-z0-9])", "", "a ticket is never part of a longer word or number"],
  [
    "R-37",
    "if (allowed.size > 0) return allowed.has(project);",
    "",
    "only tickets of the configured projects count",
  ],
  ["R-37", "!noProjects.has(project) && ", "", "what only looks like a ticket is none"],
  [
    "R-37",
    " && !isVersion(lower, index + text.length)",
    "",
    "what only looks like a ticket is none",
  ],
  [
    "R-37",
    "found.find(isUpper) ?? found[0]",
    "found[0]",
    "a ticket in upper case is preferred, else the first",
  ],
  [
    "R-38",
    "`${slug}-${hash8(branch)}`",
    "slug",
    "a truncated or changed name gets a hash of the raw name",
  ],
  ["R-38", "hash8(branch)}`", "hash8(lower)}`", "a reserved key is never the key of a branch"],
  [
    "R-38",
    '.replace(/-$/, "")',
    "",
    "a dash at the end of the truncated name is trimmed before the hash",
  ],
  ["R-39", " && !isReservedKey(plain)", "", "the key of any branch is valid and not reserved"],
  [
    "R-39",
    "const cutLength = 31;",
    "const cutLength = 32;",
    "the key of any branch is valid and not reserved",
  ],
]);

/** All planted bugs of the package. Every rule of docs/spec/route.md is broken by at least one. */
export const mutants: readonly Mutant[] = [
  ...parsing,
  ...baggage,
  ...patterns,
  ...keys,
  ...tableMutants,
];
