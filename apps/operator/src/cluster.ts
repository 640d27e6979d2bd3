import {
  ApiError,
  ApiUnreachable,
  Discovery,
  type HttpApi,
  KubeConfig,
  type Resource,
} from "@cocktail/kubernetes";
import { StartFailure } from "./failure.ts";
import { mergeKinds, rollouts, virtualServices } from "./kinds.ts";
import type { OperatorSettings } from "./options.ts";

/** The kubeconfig of the settings. */
export function loadConfig({
  kubeconfig,
  context,
}: Pick<OperatorSettings, "kubeconfig" | "context">): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new StartFailure(
      `the kubeconfig can't be read: ${message}`,
      "name a file with --kubeconfig, or set KUBECONFIG",
      2,
    );
  }
  const names = config.getContexts().map(({ name }) => name);
  if (context !== undefined && !names.includes(context))
    throw new StartFailure(
      `the kubeconfig has no context ${context}`,
      `--context takes one of: ${names.join(", ")}`,
      2,
    );
  if (context !== undefined) config.setCurrentContext(context);
  checkServer(config);
  return config;
}

function checkServer(config: KubeConfig): void {
  // Where no file is found, the library takes http://localhost:8080, and then refuses it.
  const server = config.getCurrentCluster()?.server ?? "";
  if (!server.startsWith("https://"))
    throw new StartFailure(
      `the kubeconfig names no server at https: ${server === "" ? "it has no current cluster" : server}`,
      "name a file with --kubeconfig, or set KUBECONFIG, and choose with --context",
      2,
    );
}

export interface ServedKinds {
  readonly merges: readonly Resource[];
  readonly hasRollouts: boolean;
}

/** What of the kinds that the operator works with the API serves. */
export async function findKinds(api: HttpApi, server: string): Promise<ServedKinds> {
  const discovery = new Discovery(api);
  const isServed = async ({ apiVersion, kind }: Resource): Promise<boolean> =>
    (await discovery.find(apiVersion, kind)) !== undefined;
  try {
    if (!(await isServed(virtualServices)))
      throw new StartFailure(
        `${server} serves no VirtualService of ${virtualServices.apiVersion}`,
        "install Istio 1.22 or newer",
        1,
      );
    const served = await Promise.all(mergeKinds.map(isServed));
    const merges = mergeKinds.filter((_, at) => served[at]);
    if (merges.length === 0)
      throw new StartFailure(
        `${server} serves no VirtualServiceMerge`,
        "install the chart charts/cocktail, which brings the CustomResourceDefinitions",
        1,
      );
    return { merges, hasRollouts: await isServed(rollouts) };
  } catch (error) {
    if (error instanceof ApiUnreachable || error instanceof ApiError)
      throw new StartFailure(
        `the API at ${server} doesn't answer as it should: ${error.message}`,
        "check the address and the credentials of the kubeconfig: kubectl get --raw /readyz",
        1,
      );
    throw error;
  }
}
