import type { FastifyInstance } from "fastify";
import { ProblemError } from "./problems.ts";

/**
 * Takes note of every route that is added from now on. What it answers adds the rest: on each of their paths every method
 * that is no operation is refused with 405, and told which ones are.
 */
export function notePaths(app: FastifyInstance): () => void {
  const paths = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ method, url }) => {
    const methods = paths.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    paths.set(url, methods);
  });
  return () => {
    for (const [url, methods] of paths) refuseOthers(app, url, [...methods]);
  };
}

function refuseOthers(app: FastifyInstance, url: string, methods: readonly string[]): void {
  const allow = methods.toSorted().join(", ");
  app.route({
    method: app.supportedMethods.filter((method) => !methods.includes(method)),
    url,
    exposeHeadRoute: false,
    schema: { hide: true },
    // Before a body is read, and after the guards.
    onRequest: (request, reply, done) => {
      void reply.header("allow", allow);
      const detail = `${request.method} is no operation of ${url}`;
      done(new ProblemError("INVALID", { status: 405, detail, fix: `use ${allow}` }));
    },
    handler: (_, reply) => reply,
  });
}
