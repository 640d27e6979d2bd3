import type { FastifyInstance } from "fastify";
import { ProblemError } from "./problems.ts";

/**
 * Records every route that is added afterwards. The returned function adds a 405 for all other methods of their paths,
 * with the allowed ones.
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
    // After the guards, and before the body is read.
    onRequest: (request, reply, done) => {
      void reply.header("allow", allow);
      const detail = `${url} does not support ${request.method}`;
      done(new ProblemError("INVALID", { status: 405, detail, fix: `use ${allow}` }));
    },
    handler: (_, reply) => reply,
  });
}
