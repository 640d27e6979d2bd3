// One service a framework, wired as its documentation says. `preloaded` leaves the wiring to
// `node --import @cocktail/context/register`. `work` makes the calls, and answers what they carried.
import { createServer } from "node:http";

const routed = async (listener) => {
  const { withRoute } = await import("@cocktail/context");
  return withRoute(listener);
};

async function express(module, { work, preloaded }) {
  const { default: make } = await import(module);
  const app = make();
  if (!preloaded) app.use((await import("@cocktail/context/express")).routeContext());
  app.get("/", (_, response, next) => {
    work().then((seen) => response.send(seen), next);
  });
  return createServer(app);
}

async function nest(adapter, door, { work, preloaded }) {
  await import("reflect-metadata");
  const { Controller, Get, Module } = await import("@nestjs/common");
  const { NestFactory } = await import("@nestjs/core");
  class Cats {
    seen() {
      return work();
    }
  }
  // What the decorators of TypeScript do.
  Get()(Cats.prototype, "seen", Object.getOwnPropertyDescriptor(Cats.prototype, "seen"));
  Controller()(Cats);
  const Application = function Application() {};
  Module({ controllers: [Cats] })(Application);
  const app = await NestFactory.create(Application, adapter, { logger: false });
  if (!preloaded) await door(app);
  await app.listen(0, "127.0.0.1");
  return app.getHttpServer();
}

export const servers = {
  "express 4": (service) => express("express4", service),
  "express 5": (service) => express("express", service),

  async fastify({ work, preloaded }) {
    const { fastify } = await import("fastify");
    const app = fastify();
    if (!preloaded) await app.register((await import("@cocktail/context/fastify")).routeContext);
    app.get("/", work);
    await app.listen({ port: 0, host: "127.0.0.1" });
    return app.server;
  },

  async koa({ work, preloaded }) {
    const { default: Koa } = await import("koa");
    const app = new Koa();
    app.use(async (context) => {
      context.body = await work();
    });
    return createServer(preloaded ? app.callback() : await routed(app.callback()));
  },

  async hono({ work, preloaded }) {
    const { Hono } = await import("hono");
    const { getRequestListener } = await import("@hono/node-server");
    const app = new Hono();
    app.get("/", async (context) => context.text(await work()));
    const listener = getRequestListener(app.fetch);
    return createServer(preloaded ? listener : await routed(listener));
  },

  async "nest on express"(service) {
    const { ExpressAdapter } = await import("@nestjs/platform-express");
    const { routeContext } = await import("@cocktail/context/express");
    return nest(new ExpressAdapter(), (app) => app.use(routeContext()), service);
  },

  async "nest on fastify"(service) {
    const { FastifyAdapter } = await import("@nestjs/platform-fastify");
    const { routeContext } = await import("@cocktail/context/fastify");
    return nest(new FastifyAdapter(), (app) => app.register(routeContext), service);
  },

  async trpc({ work, preloaded }) {
    const { initTRPC } = await import("@trpc/server");
    const { createHTTPHandler } = await import("@trpc/server/adapters/standalone");
    const { procedure, router } = initTRPC.create();
    const handler = createHTTPHandler({ router: router({ seen: procedure.query(work) }) });
    return createServer(preloaded ? handler : await routed(handler));
  },

  async "graphql-yoga"({ work, preloaded }) {
    const { createSchema, createYoga } = await import("graphql-yoga");
    const schema = createSchema({
      typeDefs: "type Query { seen: String! }",
      resolvers: { Query: { seen: work } },
    });
    const yoga = createYoga({ schema, logging: false });
    return createServer(preloaded ? yoga : await routed(yoga));
  },

  async apollo({ work, preloaded }) {
    const { ApolloServer } = await import("@apollo/server");
    const { expressMiddleware } = await import("@as-integrations/express5");
    const { default: make } = await import("express");
    const apollo = new ApolloServer({
      typeDefs: "type Query { seen: String! }",
      resolvers: { Query: { seen: work } },
    });
    await apollo.start();
    const app = make();
    if (!preloaded) app.use((await import("@cocktail/context/express")).routeContext());
    app.use("/graphql", make.json(), expressMiddleware(apollo));
    return createServer(app);
  },
};
