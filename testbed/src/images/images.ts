import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { capture, type RunTool } from "../install/tool.ts";
import { iptablesEnvironment, proxyUser, redirectRules } from "../node/iptables.ts";
import { type Image, type ImageFile, parseLdd } from "./image.ts";

export const pauseImage = "cocktail.test/pause:1";
/** Envoy, and iptables for the container that redirects a pod's traffic to it. */
export const proxyImage = "cocktail.test/proxy:1";
const appImage = "cocktail.test/app:1";

export const rulesFile = "/etc/redirect.rules";

/** The images of a node: packed from the programs of the cache, and from Node.js and the C library of this machine. */
export async function nodeImages(
  programOf: (component: string) => string,
  run: RunTool,
): Promise<readonly Image[]> {
  const pause: Image = {
    name: pauseImage,
    files: [{ path: "/pause", from: programOf("pause") }],
    entrypoint: ["/pause"],
    user: "65535:65535",
  };
  return [pause, await testApp(run), await proxy(programOf, run)];
}

async function testApp(run: RunTool): Promise<Image> {
  const sources = join(import.meta.dirname, "../../app");
  return {
    name: appImage,
    files: [
      { path: "/usr/bin/node", from: process.execPath },
      ...(await librariesOf(process.execPath, {}, run)),
      { path: "/app/package.json", text: '{ "type": "module" }\n' },
      ...readdirSync(sources).map((file) => ({ path: `/app/${file}`, from: join(sources, file) })),
    ],
    entrypoint: ["/usr/bin/node", "/app/main.ts"],
    user: "1000:1000",
  };
}

async function proxy(programOf: (component: string) => string, run: RunTool): Promise<Image> {
  const iptables = dirname(programOf("iptables"));
  const env = iptablesEnvironment(programOf("iptables"));
  const shared = [
    ...(await librariesOf(programOf("envoy"), {}, run)),
    ...(await librariesOf(programOf("iptables"), env, run)),
  ].filter(({ path }) => !path.startsWith(iptables));
  const at = "/opt/iptables";
  return {
    name: proxyImage,
    files: [
      { path: "/usr/bin/envoy", from: programOf("envoy") },
      { path: `${at}/iptables-restore`, from: programOf("iptables") },
      ...filesBelow(join(iptables, "lib")).map((from) => ({
        path: join(at, relative(iptables, from)),
        from,
      })),
      ...new Map(shared.map((file) => [file.path, file])).values(),
      { path: rulesFile, text: redirectRules },
    ],
    entrypoint: ["/usr/bin/envoy"],
    environment: { PATH: `/usr/bin:${at}`, ...iptablesEnvironment(`${at}/iptables-restore`) },
    user: `${proxyUser}:${proxyUser}`,
  };
}

/** The shared libraries that a program loads, each at its own path, so that it runs in an image that has nothing else. */
async function librariesOf(
  program: string,
  env: Readonly<Record<string, string>>,
  run: RunTool,
): Promise<readonly ImageFile[]> {
  const text = await capture(run, "ldd", [program], { env });
  return parseLdd(text).map((path) => ({ path, from: path }));
}

function filesBelow(directory: string): readonly string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((one) => !one.isDirectory()).map((one) => join(one.parentPath, one.name));
}
