// `npm run check`: everything that can be said about the code without running it. `npm run check types` runs one step.
import { runStep, type Step } from "./run-step.ts";

const script = (file: string): Step["command"] => [process.execPath, `scripts/${file}`];

const steps: readonly Step[] = [
  { name: "format", command: ["oxfmt", "--check", "."] },
  { name: "lint", command: ["oxlint"] },
  { name: "types", command: ["tsc", "-p", "tsconfig.json"] },
  { name: "unused", command: ["knip", "--no-progress", "--no-config-hints"] },
  { name: "dependencies", command: script("check-dependencies.ts") },
  { name: "lockfile", command: script("lockfile/check-lockfile.ts") },
  { name: "docs", command: script("docs/check-docs.ts") },
];

const wanted = process.argv.slice(2);
const chosen = wanted.length === 0 ? steps : steps.filter(({ name }) => wanted.includes(name));
if (chosen.length < Math.max(wanted.length, 1)) {
  console.error(
    `Unknown step among "${wanted.join(" ")}". Steps: ${steps.map((s) => s.name).join(", ")}`,
  );
  process.exitCode = 2;
} else {
  for (const step of chosen) {
    const { ok, output, ms } = await runStep(step);
    console.log(`${ok ? "ok  " : "FAIL"} ${step.name} (${ms} ms)`);
    if (ok) continue;
    console.log(output.trimEnd());
    process.exitCode = 1;
  }
}
