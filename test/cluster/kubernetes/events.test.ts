import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  applyObject,
  EventRecorder,
  HttpApi,
  type KubeObject,
  listObjects,
  type Resource,
} from "@cocktail/kubernetes";
import { ManualClock } from "@cocktail/work-queue/testing";
import { faultProxy, type FaultProxy } from "../support/fault-proxy.ts";
import {
  configMap,
  configMaps,
  fieldManager,
  realApi,
  TestLog,
  unusedName,
  withNamespace,
} from "../support/kube.ts";

const namespace = unusedName("events");
/** As `kubectl get events` reads them. */
const coreEvents: Resource = {
  apiVersion: "v1",
  kind: "Event",
  plural: "events",
  isNamespaced: true,
};
const occurrence = {
  type: "Warning",
  reason: "PodNotReady",
  action: "Reconcile",
  note: "pod a is not ready",
} as const;

describe("events on a real API server", () => {
  let api: HttpApi;
  let proxy: FaultProxy;
  let faulty: HttpApi;
  let owned: AsyncDisposable;
  before(async () => {
    api = realApi();
    owned = await withNamespace(api, namespace);
    proxy = await faultProxy();
    faulty = new HttpApi({ config: proxy.config, userAgent: "events-test" });
  });
  after(async () => {
    await owned[Symbol.asyncDispose]();
    await faulty.close();
    await proxy[Symbol.asyncDispose]();
    await api.close();
  });

  const recorder = (log = new TestLog()) => {
    const clock = new ManualClock(Date.now());
    const limits = { updateMs: 1_000, burst: 5 };
    const controller = "cocktail.dev/test";
    return {
      clock,
      log,
      recorder: new EventRecorder({ api: faulty, controller, instance: "one", log, clock, limits }),
    };
  };
  const subject = (name: string) =>
    applyObject(api, configMaps, configMap(namespace, name, {}), { fieldManager });
  const eventsOf = async ({ metadata: { name } }: KubeObject): Promise<readonly KubeObject[]> =>
    (
      await listObjects(api, coreEvents, {
        namespace,
        fieldSelector: `involvedObject.name=${name}`,
      })
    ).items;

  test("the same thing is one event with a count, another is another", async () => {
    const object = await subject("repeated");
    const { clock, recorder: events } = recorder();
    for (let count = 0; count < 10; count++) events.record(object, occurrence);
    events.record(object, {
      ...occurrence,
      type: "Normal",
      reason: "PodReady",
      note: "ü".repeat(2_000),
    });
    await events.flushed();
    clock.pass(1_000);
    events.record(object, occurrence);
    await events.flushed();
    const found = await eventsOf(object);
    assert.equal(found.length, 2);
    const repeated = found.find((each) => each["reason"] === "PodNotReady");
    assert.ok(repeated);
    const { message, reportingComponent, involvedObject, series } = repeated as KubeObject & {
      readonly involvedObject: { readonly uid: string; readonly kind: string };
      readonly series: { readonly count: number };
    };
    assert.deepEqual([message, reportingComponent], [occurrence.note, "cocktail.dev/test"]);
    assert.deepEqual([involvedObject.uid, involvedObject.kind], [object.metadata.uid, "ConfigMap"]);
    assert.equal(series.count, 11);
  });

  test("an object that says ever new things is limited", async () => {
    const object = await subject("chatty");
    const { recorder: events } = recorder();
    for (let count = 0; count < 20; count++)
      events.record(object, { ...occurrence, note: `${count}` });
    await events.flushed();
    assert.equal((await eventsOf(object)).length, 5);
  });

  test("an event that can't be written is reported and lost, and the next of its kind is written", async () => {
    const object = await subject("unlucky");
    const { log, recorder: events } = recorder();
    proxy.once(({ path }) => path.endsWith("/events"), { kind: "answer", status: 500 });
    events.record(object, occurrence);
    await events.flushed();
    assert.equal(log.count(/could not write an Event/), 1);
    events.record(object, occurrence);
    await events.flushed();
    assert.equal((await eventsOf(object)).length, 1);
  });

  test("while the API is away events are dropped beyond a limit, and recording goes on", async () => {
    const { log, recorder: events } = recorder();
    proxy.faultOf = () => ({ kind: "drop" });
    for (let count = 0; count < 500; count++)
      events.record(
        { kind: "ConfigMap", metadata: { name: `n-${count}`, namespace, uid: `${count}` } },
        occurrence,
      );
    await events.flushed();
    proxy.faultOf = () => undefined;
    assert.equal(log.count(/could not write an Event/), 100);
  });
});
