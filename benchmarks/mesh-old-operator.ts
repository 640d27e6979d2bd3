import { setTimeout as delay } from "node:timers/promises";
import {
  type Api,
  addFinalizer,
  getObject,
  HttpApi,
  Informer,
  KubeConfig,
  type KubeObject,
  keyOf,
  type Logger,
  refOf,
  removeFinalizer,
  replaceObject,
  runController,
} from "@cocktail/kubernetes";
import { fieldsOf, legacyFinalizer } from "@cocktail/mesh";
import { systemClock, TokenBucket } from "@cocktail/work-queue";
import { theirs } from "../packages/mesh/test/operators.ts";
import { mergeKind, virtualServices } from "../test/cluster/support/merges.ts";

/**
 * The writes of monimesl/istio-virtualservice-merger in their order and number, for one namespace: `mesh-old-operator.ts NAMESPACE`. As
 * there: one worker; an event of a target concerns all of its merges; nothing tells that a merge is in its target already, since the API
 * prunes what is recorded; and each of the two clients sends at most 20 requests a second after 30 at once.
 */
const [namespace = "default"] = process.argv.slice(2);
const fieldManager = "old-operator";
const config = new KubeConfig();
config.loadFromDefault();
const api = new HttpApi({ config, userAgent: fieldManager });
const quiet = (): void => undefined;
const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());

function limited(): Api {
  const bucket = new TokenBucket({ perSecond: 20, burst: 30, clock: systemClock });
  return {
    stream: api.stream.bind(api),
    request: async (request) => {
      await delay(bucket.reserve());
      return await api.request(request);
    },
  };
}

const ofMerges = limited();
const ofTargets = limited();
const merges = new Informer({ api, resource: mergeKind.deck, namespace, log });
const targets = new Informer({ api, resource: virtualServices, namespace, log });
const algorithm = theirs();

/** A merge without a target concerns none. */
function targetOf({ spec }: KubeObject): string {
  return String(fieldsOf(fieldsOf(spec)["target"])["name"]);
}

async function updateTarget(merge: KubeObject, change: "set" | "delete"): Promise<void> {
  const ref = { namespace, name: targetOf(merge) };
  const found = await getObject(ofTargets, virtualServices, ref);
  if (found === undefined) return;
  const { apiVersion = "", kind = "" } = found;
  const spec = fieldsOf(found["spec"]);
  const { name, uid = "" } = merge.metadata;
  const owner = { namespace, name, uid, generation: 1, createdAt: "" };
  const { patch } = fieldsOf(merge["spec"]);
  const next = algorithm[change]({ ...found, apiVersion, kind, spec }, { owner, patch });
  await replaceObject(ofTargets, virtualServices, { ...found, spec: next.spec }, { fieldManager });
}

async function reconcile(key: string): Promise<object> {
  const merge = merges.get(refOf(key)).value;
  if (merge === undefined) return {};
  const { finalizers = [], deletionTimestamp } = merge.metadata;
  const isHeld = finalizers.includes(legacyFinalizer);
  if (deletionTimestamp !== undefined && isHeld) {
    await updateTarget(merge, "delete");
    await removeFinalizer(ofMerges, mergeKind.deck, merge, {
      finalizer: legacyFinalizer,
      fieldManager,
    });
  } else if (deletionTimestamp === undefined && !isHeld) {
    await addFinalizer(ofMerges, mergeKind.deck, merge, {
      finalizer: legacyFinalizer,
      fieldManager,
    });
  } else if (deletionTimestamp === undefined) {
    await updateTarget(merge, "set");
    await replaceObject(ofMerges, mergeKind.deck, merge, { fieldManager, subresource: "status" });
  }
  return {};
}

const running = [merges.run(stop.signal), targets.run(stop.signal)];
process.stderr.write('{"msg":"leads"}\n');
await runController(
  {
    name: "merges",
    log,
    concurrency: 1,
    backoff: { firstMs: 5, longestMs: 1_000_000 },
    watches: [
      { informer: merges, keys: ({ metadata }) => [keyOf(metadata)] },
      {
        informer: targets,
        keys: ({ metadata }) =>
          merges
            .list()
            .value.flatMap((one) => (targetOf(one) === metadata.name ? [keyOf(one.metadata)] : [])),
      },
    ],
    reconcile,
  },
  { api, stopping: stop.signal },
);
await Promise.all(running);
await api.close();
