import type { Mutant } from "@cocktail/planted-bugs";
import { inFile } from "./mutant-rows.ts";
import { tableMutants } from "./mutants-of-tables.ts";

const parsing = [
  ...inFile("split.ts", "parse.test.ts", [
    [
      "R-1",
      "entries.push(text.slice(from));",
      "entries.unshift(text.slice(from));",
      "a header of pins is read in the order it was written",
    ],
    [
      "R-2",
      "from = skipOws(text, comma + 1);",
      "from = comma + 1;",
      "a comma joins lines, with or without white space around it",
    ],
    [
      "R-2",
      "text.slice(from, endOfEntry(text, from, comma))",
      "text.slice(from, comma)",
      "splitting agrees with the grammar's separators",
    ],
    ["R-2", 'value.join(", ")', 'value.join("")', "repeated header lines are one list"],
    [
      "R-3",
      "from = pair + 2;",
      "from = skipOws(text, pair + 2);",
      "white space around the whole value is no part of it, elsewhere it is a fault",
    ],
    [
      "R-3",
      "return unit === 32 || unit === 9;",
      "return unit === 32 || unit === 9 || unit === 160;",
      "white space around the whole value is no part of it, elsewhere it is a fault",
    ],
    [
      "R-4",
      'find(text, "::", from)',
      'find(text, "::", from - 1)',
      "three colons leave a malformed entry to the right",
    ],
    [
      "R-7",
      "text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase())",
      "text.toLowerCase()",
      "upper case means the same as lower case, in ASCII only",
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
      "a mebibyte of anything is refused by its length alone",
    ],
  ]),
  ...inFile("names.ts", "parse.test.ts", [
    [
      "R-5",
      "const maxServiceLength = 253;",
      "const maxServiceLength = 254;",
      "names are limited as DNS limits them",
    ],
    [
      "R-5",
      "if (dot - from > maxLabelLength || !isLabel(text, from, dot)) return false;",
      "if (dot - from > maxLabelLength) return false;",
      "a service may have dots, and they mean themselves",
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
      "names are limited as DNS limits them",
    ],
    [
      "R-5",
      "unit >= 97 && unit <= 122",
      "unit >= 96 && unit <= 123",
      "names are limited as DNS limits them",
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
      "a repetition of the same pin is no fault",
    ],
    ["R-9", "      continue;\n", "      break;\n", "a malformed entry is dropped alone"],
    [
      "R-9",
      'if (entry === "") rejected.push(rejection(field, singles[field].empty, entry));\n    else if',
      "if",
      "an empty entry beside others is dropped alone and reported",
    ],
    ["R-9", "text.slice(0, 80)", "text", "what was rejected is shown with at most 80 characters"],
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
      "equal environments are one, different ones are rejected",
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
      "const bag: Record<string, string> = {}; const pins = { get: (k: string) => bag[k], set: (k: string, v: string) => { bag[k] = v; }, [Symbol.iterator]: () => Object.entries(bag)[Symbol.iterator](), size: 1 } as unknown as Map<string, string>;",
      "names of JavaScript's own objects are ordinary names",
    ],
  ]),
  ...inFile("format.ts", "parse.test.ts", [
    [
      "R-16",
      ": `::${service}:${key}`",
      ": `,,${service}:${key}`",
      "parsing a canonical route gives it back",
    ],
    [
      "R-16",
      'if (route.mode === "strict")',
      'if (route.mode !== "strict")',
      "parsing a canonical route gives it back",
    ],
    [
      "R-17",
      "if (route.pins.size === 0) return undefined;",
      "",
      "a route that names nothing has no headers",
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
      "foreign members keep every byte and their order, ours are replaced",
    ],
    [
      "R-19",
      "const name = trimOws(entry.slice(0, equals));",
      "const name = entry.slice(0, equals).trim();",
      "members that only look like ours are foreign",
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
      "an escape that is none, or of no ASCII character, makes its entry malformed and no other",
    ],
    [
      "R-20",
      "const oddEscape = /%(?![0-7][0-9a-f])/i;",
      "const oddEscape = /%(?![0-9a-f]{2})/i;",
      "a member is limited by the bytes it encodes, as a header is",
    ],
    [
      "R-20",
      "text.length > maxBaggageLength",
      "text.length > maxBaggageLength + 1",
      "baggage beyond the limit says nothing of ours",
    ],
    [
      "R-20",
      'const properties = value.indexOf(";");',
      "const properties = -1;",
      "our members are read wherever they stand, with properties and white space",
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
      "the regex of a pin understands lines that a proxy joined by commas",
    ],
    ["R-33", "[\\\\.+*?()", "[\\\\+*?()", "a dot in a service's name is quoted in its regex"],
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
      "maxTraceLength - truncatedMark.length - length",
      "maxTraceLength - length",
      "a trace never outgrows 64 items and 4 KiB, keeps its first hops, and says what it dropped",
    ],
    [
      "R-36",
      '.replace(/[^\\x20-\\x7e]/g, "?")',
      "",
      "quotes and backslashes are escaped, other bytes become a question mark",
    ],
    [
      "R-36",
      '.replace(/["\\\\]/g, "\\\\$&")',
      "",
      "quotes and backslashes are escaped, other bytes become a question mark",
    ],
  ]),
  ...inFile("trace-parse.ts", "trace.test.ts", [
    [
      "R-36",
      "if (hop === undefined || hops.length === maxHops) truncated = true;\n    else",
      "if (hop !== undefined && hops.length < maxHops)",
      "an item that is no hop is dropped, and the trace says so",
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
  [
    "R-37",
    "(?![a-z0-9])/g",
    "/g",
    "a ticket has letters and digits around it that are not its own",
  ],
  ["R-37", "(?<![a-z0-9])", "", "a ticket has letters and digits around it that are not its own"],
  [
    "R-37",
    "(wanted.size === 0 || wanted.has(project))",
    "wanted.size >= 0",
    "only tickets of the configured projects count",
  ],
  [
    "R-38",
    "`${slug}-${hash8(branch)}`",
    "slug",
    "what was cut or lost leaves a hash of the raw name",
  ],
  ["R-38", "hash8(branch)}`", "hash8(lower)}`", "a reserved word is not the key of a branch"],
  ["R-38", '.replace(/-$/, "")', "", "a trailing dash of the cut is trimmed before the hash"],
  ["R-39", " && !isReservedKey(plain)", "", "the key of any branch is valid and not reserved"],
  [
    "R-39",
    "const cutLength = 31;",
    "const cutLength = 32;",
    "the key of any branch is valid and not reserved",
  ],
]);

/** All of them. Every rule of docs/spec/route.md is broken by at least one. */
export const mutants: readonly Mutant[] = [
  ...parsing,
  ...baggage,
  ...patterns,
  ...keys,
  ...tableMutants,
];
