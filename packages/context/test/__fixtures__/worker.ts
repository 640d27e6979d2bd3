import { parentPort } from "node:worker_threads";
import { contextFrom, type HeaderCarrier, install, run } from "@cocktail/context";

/** Answers each job with what a call made for it carried; a job with headers runs in the context they hold. */
interface Job {
  readonly url: string;
  readonly headers?: HeaderCarrier;
}

parentPort?.on("message", ({ url, headers }: Job) => {
  // A thread has a library of its own, which has to be told to follow its calls.
  install({ hosts: [new URL(url).host] });
  const work = async (): Promise<void> => {
    const seen = (await (await fetch(url)).json()) as { headers: Record<string, string> };
    parentPort?.postMessage(seen.headers["x-service-route"] ?? "none");
  };
  void (headers === undefined ? work() : run(contextFrom(headers), work));
});
