import { parentPort } from "node:worker_threads";
import { contextFrom, current, type HeaderCarrier, run } from "@cocktail/context";

/** Answers each job with the route it ran with; a job with headers runs in the context they hold. */
interface Job {
  readonly headers?: HeaderCarrier;
}

parentPort?.on("message", (job: Job) => {
  const work = (): void => parentPort?.postMessage(current().key);
  if (job.headers === undefined) work();
  else run(contextFrom(job.headers), work);
});
