import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { invoke } from "../../test/support/invoke.ts";

const shop = fileURLToPath(new URL("../../../../examples/mesh/shop.yaml", import.meta.url));

describe("cocktail mesh", () => {
  let dir = "";
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "cocktail-mesh-"));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(dir, name), text);
    return join(dir, name);
  };
  const namesOf = (stdout: string): string => stdout.trim().split("\n").join(" ");

  it("chart adds the gate and the delegate line, once", async () => {
    const first = await invoke(["mesh", "chart", "-f", shop]);
    assert.equal(first.code, 0, first.stderr);
    const { items } = parse(first.stdout) as { items: { spec: { http?: { name?: string }[] } }[] };
    assert.deepEqual(
      items[1]?.spec.http?.map(({ name }) => name),
      ["gate-0", "variants", undefined],
    );
    const again = await invoke(["mesh", "chart", "-f", await write("static.yaml", first.stdout)]);
    assert.equal(again.stdout, first.stdout);
  });

  it("check reads a cluster by kubectl, and says what is wrong with that", async () => {
    const objects = parseAllDocuments(await readFile(shop, "utf8")).map(
      (one) => one.toJS() as unknown,
    );
    const answer = await write(
      "list.json",
      JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
    );
    const log = join(dir, "kubectl.log");
    await write(
      "kubectl",
      `#!/bin/sh
echo "$*" >> ${log}
case "$*" in
  *"--context lost"*) echo "error: context lost does not exist" >&2; exit 1;;
  *api-resources*) printf 'services\npods\nvirtualservices.networking.istio.io\n';;
  *) cat ${answer};;
esac
`,
    );
    await chmod(join(dir, "kubectl"), 0o755);
    const env = { PATH: `${dir}:${process.env["PATH"]}` };
    const checked = await invoke(["mesh", "check", "--context", "dev", "-n", "shop"], { env });
    assert.equal(checked.code, 7, checked.stderr);
    assert.match(checked.stdout, /DelegateMissing|GateMissing/);
    assert.deepEqual((await readFile(log, "utf8")).trim().split("\n"), [
      "--context dev api-resources --verbs=list -o name",
      "--context dev get services,pods,virtualservices.networking.istio.io -n shop -o json",
    ]);
    const lost = await invoke(["mesh", "check", "--context", "lost"], { env });
    assert.equal(lost.code, 1);
    assert.match(lost.stderr, /context lost: error: context lost does not exist/);
    const both = await invoke(["mesh", "check", "--context", "dev", "-f", shop]);
    assert.equal(both.code, 2);
    const idle = await invoke(["mesh", "check", "-f", shop, "-n", "shop"]);
    assert.equal(idle.code, 2);
  });

  it("render prints what routes a branch, clusters before the table", async () => {
    const { stdout } = await invoke(["mesh", "chart", "-f", shop]);
    const chart = await write("chart.yaml", stdout);
    const variant = ["--variant", "payment-service:mp-101"];
    const files = ["-f", shop, "-f", chart];
    const named = await invoke(["mesh", "render", ...files, ...variant, "-o", "name"]);
    assert.equal(named.code, 0, named.stderr);
    const of = (service: string): string =>
      `service/${service}-variants destinationrule/${service}-variants virtualservice/${service}-variants envoyfilter/${service}-variants.shop`;
    assert.equal(namesOf(named.stdout), `${of("cart-service")} ${of("payment-service")}`);
    const whole = await invoke(["mesh", "render", ...files, ...variant]);
    assert.match(
      whole.stdout,
      /outbound\|8080\|mp-101\|payment-service-variants\.shop\.svc\.cluster\.local/,
    );
    assert.doesNotMatch(whole.stdout, /mp-101\|cart-service/);
  });

  it("render takes the table of a running cocktail", async () => {
    const { stdout } = await invoke(["mesh", "chart", "-f", shop]);
    const chart = await write("chart.yaml", stdout);
    const live = { incarnation: 3, tier: "branch", revision: "abc1234", onUnavailable: "Fail" };
    const table = {
      epoch: 58,
      tag: "1a2b3c4d",
      resolver: 1,
      historyFloor: 0,
      services: { "cart-service": { "mp-102": live } },
      environments: { rc: { parent: "stable", members: {} } },
    };
    const file = await write("table.json", JSON.stringify(table));
    const rendered = await invoke(["mesh", "render", "-f", shop, "-f", chart, "--table", file]);
    assert.equal(rendered.code, 0, rendered.stderr);
    assert.match(rendered.stdout, /-- table 58-1a2b3c4d/);
    const broken = await write("broken.json", JSON.stringify({ ...table, tag: 7 }));
    const refused = await invoke(["mesh", "render", "-f", shop, "-f", chart, "--table", broken]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /broken\.json: tag /);
  });

  it("says what is wrong with the files, and where", async () => {
    const stable = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    for (const [text, message] of [
      ["kind: [", /bad\.yaml:1: /],
      ["a: 1\n", /bad\.yaml:1: not a Kubernetes object/],
      [`${stable}---\nkind: Service\n`, /bad\.yaml:5: not a Kubernetes object/],
      [stable, /no VirtualService with the delegate line/],
    ] as const) {
      const { code, stderr } = await invoke([
        "mesh",
        "render",
        "-f",
        await write("bad.yaml", text),
      ]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
    const { stdout } = await invoke(["mesh", "chart", "-f", shop]);
    const chart = await write("chart.yaml", stdout);
    const alone = await invoke(["mesh", "render", "-f", chart]);
    assert.match(
      alone.stderr,
      /no Service of the host cart-service\.shop\.svc\.cluster\.local, whose ports are needed/,
    );
    const unknown = ["--variant", "mail:mp-1"];
    const other = await invoke(["mesh", "render", "-f", shop, "-f", chart, ...unknown]);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /no service mail/);
    assert.equal((await invoke(["mesh", "render"])).code, 2);
    assert.equal((await invoke(["mesh", "chart", "-f", join(dir, "none.yaml")])).code, 3);
    assert.equal((await invoke(["mesh", "chart", "-f", dir])).code, 3);
  });

  it("render has the regex form too, and says what can't be rendered", async () => {
    const { stdout } = await invoke(["mesh", "chart", "-f", shop]);
    const chart = await write("chart.yaml", stdout);
    const files = ["-f", shop, "-f", chart, "--variant", "payment-service:mp-101"];
    const regex = await invoke(["mesh", "render", ...files, "--form", "regex"]);
    assert.equal(regex.code, 0, regex.stderr);
    assert.doesNotMatch(regex.stdout, /EnvoyFilter/);
    assert.match(regex.stdout, /payment-service:mp-101/);
    const text = `apiVersion: v1
kind: Service
metadata: {name: a}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec: {hosts: [a], http: [{name: variants, delegate: {name: a-variants}}]}
`;
    const refused = await invoke(["mesh", "render", "-f", await write("other.yaml", text)]);
    assert.equal(refused.code, 2, refused.stdout);
    assert.match(refused.stderr, /VirtualService default\/a has no http route of its own/);
  });

  it("check names what it finds, with file and line, and exits with 7", async () => {
    const plain = await invoke(["mesh", "check", "-f", shop]);
    assert.equal(plain.code, 7, plain.stderr);
    assert.match(
      plain.stdout,
      /DelegateMissing {2}VirtualService shop\/cart-service .*shop\.yaml:\d+/,
    );
    const { stdout } = await invoke(["mesh", "chart", "-f", shop]);
    const services = await write("services.yaml", await servicesOf(shop));
    const chart = await write("chart.yaml", stdout);
    const good = await invoke(["mesh", "check", "-f", services, "-f", chart]);
    assert.equal(good.code, 0, good.stdout);
    assert.match(good.stdout, /nothing found in \d+ objects/);
    const json = await invoke(["mesh", "check", "-f", shop, "-o", "json"]);
    const report = JSON.parse(json.stdout) as { findings: { reason: string; at: string }[] };
    assert.ok(report.findings.every(({ at }) => /shop\.yaml:\d+$/.test(at)));
    assert.equal((await invoke(["mesh", "check"])).code, 2);
  });
});

/** The Services of a file, without its VirtualServices. */
async function servicesOf(file: string): Promise<string> {
  const documents = (await readFile(file, "utf8")).split(/^---$/m);
  return documents.filter((one) => /^kind: Service$/m.test(one)).join("---");
}
