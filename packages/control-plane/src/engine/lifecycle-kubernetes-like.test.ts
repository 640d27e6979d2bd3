import { kubernetesLikeStore } from "./testing/kubernetes-like.ts";
import { describeLifecycle } from "./testing/lifecycle-suite.ts";

let seed = 1;
for (const round of [1, 2, 3]) {
  describeLifecycle(`over stores like those of Kubernetes, round ${round}`, async () => {
    const store = kubernetesLikeStore((seed += 7_919));
    return Promise.resolve({ store, close: () => store.close() });
  });
}
