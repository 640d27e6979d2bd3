import type { Mutant } from "@cocktail/planted-bugs";

const crash = {
  testFile: "engine/crash.test.ts",
  test: "whatever write is the last one of a process, the next one ends where it should",
};
const memory = (test: string): Pick<Mutant, "testFile" | "test"> => ({
  testFile: "engine/lifecycle-memory.test.ts",
  test,
});

/** Bugs in the order of writes: each leaves a prefix from which the next process doesn't converge, or loses something. */
export const mutants: readonly Mutant[] = [
  {
    rule: "E-10",
    file: "engine/ends.ts",
    find: "  await raiseLedger(core, object.status?.lastIncarnation ?? 0);\n",
    replace: "",
    ...memory("numbers are never used again"),
  },
  {
    rule: "E-10",
    file: "engine/ends.ts",
    find: "const highest = found.status?.highest ?? 0;",
    replace: "const highest = core.facts.ledger;",
    testFile: "engine/ledger.test.ts",
    test: "several variants that are released at a time never lower the ledger",
  },
  {
    rule: "E-5",
    file: "engine/reconcile-variant.ts",
    find: "if (!(await writeStatus(core, object, facts, status))) continue;",
    replace: "void writeStatus;",
    ...crash,
  },
];
