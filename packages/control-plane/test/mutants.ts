import type { Mutant } from "@cocktail/planted-bugs";

const crash = {
  testFile: "engine/crash.test.ts",
  test: "after a crash at any write, the next run converges to the same state",
};
const memory = (test: string): Pick<Mutant, "testFile" | "test"> => ({
  testFile: "engine/lifecycle-memory.test.ts",
  test,
});
const order = (test: string): Pick<Mutant, "testFile" | "test"> => ({
  testFile: "engine/order.test.ts",
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
    rule: "E-26",
    file: "engine/table-writer.ts",
    find: "if (behind.length === 0) break;",
    replace: "if (behind.length >= 0) break;",
    testFile: "engine/act.test.ts",
    test: "an incarnation that entered and left the table between two reconciles is recorded as served",
  },
  {
    rule: "E-7",
    file: "engine/observe.ts",
    find: 'return toDestroyWith(sources, environment).length > 0 ? "waiting" : "closed";',
    replace: 'return "closed";',
    ...order("an environment and the variants that only it held leave the table in one epoch"),
  },
  {
    rule: "E-7",
    file: "engine/table-writer.ts",
    find: "        await held;\n",
    replace: "        break;\n",
    ...order("no table is published between the writes of one decision"),
  },
  {
    rule: "E-6",
    file: "engine/ends.ts",
    find: "(object.status?.incarnations.length ?? 0) > 0 || ",
    replace: "",
    testFile: "engine/act.test.ts",
    test: "an object with an incarnation is not released, even if that was planned",
  },
  {
    rule: "E-5",
    file: "engine/reconcile-variant.ts",
    find: "if (!(await writeStatus(core, object, facts, status))) continue;",
    replace: "void writeStatus;",
    ...crash,
  },
];
