import { describe, test } from "node:test";
import { deploys, starts } from "./deploy-suite.ts";
import { ends, promotes } from "./end-suite.ts";
import { environments } from "./environment-suite.ts";
import { restarts, storms } from "./restart-suite.ts";
import type { It } from "./steps.ts";
import { type OpenStore, TestWorld } from "./world.ts";

/** What the lifecycle service does, on any store. */
export function describeLifecycle(name: string, open: () => Promise<OpenStore>): void {
  const it: It = (title, body) => {
    test(title, { timeout: 60_000 }, async () => {
      const opened = await open();
      try {
        await using world = await new TestWorld(opened.store).start();
        await body(world, opened);
      } finally {
        await opened.close();
      }
    });
  };
  describe(`lifecycle ${name}`, () => {
    starts(it);
    deploys(it);
    ends(it);
    promotes(it);
    environments(it);
    restarts(it);
    storms(it);
  });
}
