import { routeContext } from "@cocktail/context/fastify";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { identify, type Identity } from "./identity.ts";
import { problemFor } from "./problem.ts";
import { address, announce, onStop } from "./start.ts";
import { routeOf, Visits } from "./visits.ts";

const unseen: ReadonlySet<string> = new Set(["/healthz", "/visits"]);

/**
 * A fastify service that carries routes, says who it is, counts its visits, and stops when told. `directory` is the
 * service's own, with its VERSION.
 */
export async function createService(
  directory: string,
): Promise<{ readonly app: FastifyInstance; readonly self: Identity }> {
  const self = identify(directory);
  const visits = new Visits();
  const app = fastify();
  await app.register(routeContext);
  app.addHook("onRequest", (request, _reply, done) => {
    if (!unseen.has(request.url)) visits.add(request.headers);
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    if (!unseen.has(request.url)) {
      const took = `${reply.elapsedTime.toFixed(1)} ms`;
      const route = routeOf(request.headers);
      console.log(`${request.method} ${request.url} ${reply.statusCode} ${took} ${route}`.trim());
    }
    done();
  });
  app.setErrorHandler((error, _request, reply) => refuse(reply, error));
  app.get("/healthz", () => ({ ok: true }));
  app.get("/version", () => self);
  app.get("/visits", () => ({ ...self, visits: visits.list() }));
  return { app, self };
}

/** Listens where `cocktail up` says. */
export async function start(app: FastifyInstance, self: Identity): Promise<void> {
  await app.listen(address());
  announce(`${self.service}:${self.variant} ${self.version}`, app.server);
  onStop(() => void app.close());
}

function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  const problem = problemFor(error);
  return reply.code(problem.status).type("application/problem+json").send(problem);
}
