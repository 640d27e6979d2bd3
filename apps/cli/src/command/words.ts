/** The words of a command line, normalised for the parser. */
export interface Words {
  readonly own: readonly string[];
  /** The words after the first `--`: passed on, never parsed as options. */
  readonly rest: readonly string[] | undefined;
}

/** `help X` is `X --help`, `--version` is `version`, and `-o json status` is `status -o json`. */
export function readWords(argv: readonly string[]): Words {
  const at = argv.indexOf("--");
  const head = hoistLeadingOptions(at < 0 ? argv : argv.slice(0, at));
  const rest = at < 0 ? undefined : argv.slice(at + 1);
  const [first] = head;
  if (first === "help") return { own: [...head.slice(1), "--help"], rest };
  const isVersion = head.length === 1 && (first === "--version" || first === "-V");
  return { own: isVersion ? ["version"] : head, rest };
}

const long = ["--output", "--color", "--file"];
const leading = new Set(["-o", ...long]);

function hoistLeadingOptions(words: readonly string[]): readonly string[] {
  let at = 0;
  for (let word = words[at]; word !== undefined; word = words[at]) {
    if (leading.has(word)) at += 2;
    else if (hasValue(word)) at += 1;
    else break;
  }
  return at >= words.length ? words : [...words.slice(at), ...words.slice(0, at)];
}

/** `--output=json`, `-ojson`. */
function hasValue(word: string): boolean {
  return /^-o./.test(word) || long.some((flag) => word.startsWith(`${flag}=`));
}
