import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "../../test/support/objects.ts";
import { layout } from "../output/layout.ts";
import { plain } from "../output/paint.ts";
import { exposureLines, siteUrl } from "./exposure-view.ts";

const shown = (more: Parameters<typeof status>[0]): string =>
  layout(exposureLines(status(more)), plain, false);

test("an edge that other machines reach is said with its URLs, and what they can't resolve", () => {
  assert.equal(shown({}), "");
  const urls = ["http://192.168.1.5:8080"];
  assert.equal(
    shown({ exposure: { address: "192.168.1.5", urls } }),
    `warning: other machines reach the edge at http://192.168.1.5:8080: every entry service, in every variant and environment, without a password
  they don't resolve names below localhost: by its address they reach the first entry service alone; for all of them: --domain 192.168.1.5.nip.io, or a domain of your DNS
`,
  );
  const resolved = shown({
    domain: "a.test",
    exposure: { address: "0.0.0.0", urls: ["http://a.test:8080"] },
  });
  assert.match(resolved, /^warning: other machines reach the edge at http:\/\/a\.test:8080: .*\n$/);
  assert.match(
    shown({ exposure: { address: "::", urls: [] } }),
    /the edge on ::: .*\n.*ADDRESS\.nip\.io/,
  );
});

test("the site is the edge by a name that it answers", () => {
  assert.equal(siteUrl(status()).origin, "http://localhost:8080");
  assert.equal(siteUrl(status({ domain: "shop.test" })).origin, "http://shop.test:8080");
});
