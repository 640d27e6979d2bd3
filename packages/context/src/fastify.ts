import type { FastifyPluginCallback } from "fastify";
import { enter } from "./entry.ts";
import { type ContextOptions, install } from "./install.ts";

export type { ContextOptions } from "./install.ts";

/**
 * The fastify plugin: every request of the instance runs in its context, and its calls carry it.
 *
 * ```ts
 * await app.register(routeContext);
 * ```
 */
export const routeContext: FastifyPluginCallback<ContextOptions> = (app, options, done) => {
  install(options);
  app.addHook("onRequest", (request, reply, next) => {
    enter(request.raw, reply.raw, next);
  });
  done();
};

// What the package fastify-plugin sets: the hook is for the instance that registers the plugin, not for a child of it.
Object.assign(routeContext, {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "@cocktail/context",
  [Symbol.for("plugin-meta")]: { fastify: "5.x", name: "@cocktail/context" },
});
