/**
 * What is tried: the test runs these, and docs/reference/context-frameworks.md is written from them. `key` names the code in
 * `project/servers.js` or `project/clients.js`.
 */
interface Cell {
  readonly key: string;
  /** Names in project/package.json; the first one's version is the cell's. Empty: a part of Node. */
  readonly packages: readonly string[];
}

export interface ServerCell extends Cell {
  readonly name: string;
  /** How the service takes the route from its requests. */
  readonly wired: string;
  /** Where it is asked. */
  readonly path: string;
}

export interface ClientCell extends Cell {
  /** The call, or what the handler waits for before its call. */
  readonly does: string;
  /** A known loss, which is asserted too, and the key of the cell that avoids it. */
  readonly mixes?: { readonly remedy: string };
}

const express = "`app.use(routeContext())`";
const fastify = "`app.register(routeContext)`";
const around = (listener: string): string => `\`createServer(withRoute(${listener}))\``;

export const servers: readonly ServerCell[] = [
  { key: "express 4", name: "Express 4", packages: ["express4"], wired: express, path: "/" },
  { key: "express 5", name: "Express 5", packages: ["express"], wired: express, path: "/" },
  { key: "fastify", name: "Fastify", packages: ["fastify"], wired: fastify, path: "/" },
  { key: "koa", name: "Koa", packages: ["koa"], wired: around("app.callback()"), path: "/" },
  {
    key: "hono",
    name: "Hono, its Node server",
    packages: ["hono", "@hono/node-server"],
    wired: around("getRequestListener(app.fetch)"),
    path: "/",
  },
  {
    key: "nest on express",
    name: "NestJS on Express",
    packages: ["@nestjs/core", "@nestjs/platform-express"],
    wired: express,
    path: "/",
  },
  {
    key: "nest on fastify",
    name: "NestJS on Fastify",
    packages: ["@nestjs/core", "@nestjs/platform-fastify"],
    wired: fastify,
    path: "/",
  },
  {
    key: "trpc",
    name: "tRPC, stand-alone",
    packages: ["@trpc/server"],
    wired: around("createHTTPHandler({ router })"),
    path: "/seen",
  },
  {
    key: "graphql-yoga",
    name: "GraphQL Yoga",
    packages: ["graphql-yoga", "graphql"],
    wired: around("createYoga({ schema })"),
    path: "/graphql?query={seen}",
  },
  {
    key: "apollo",
    name: "Apollo Server on Express 5",
    packages: ["@apollo/server", "@as-integrations/express5", "express"],
    wired: `${express}, before \`expressMiddleware\``,
    path: "/graphql?query={seen}",
  },
];

export const clients: readonly ClientCell[] = [
  { key: "fetch", packages: [], does: "`fetch(url)`" },
  { key: "node:http", packages: [], does: "`http.get(url)`" },
  {
    key: "node:http, agent",
    packages: [],
    does: "`http.get(url, { agent })`: an `Agent` with `keepAlive` and `maxSockets: 2`",
  },
  { key: "axios", packages: ["axios"], does: "`axios.get(url)`" },
  { key: "axios, fetch", packages: ["axios"], does: '`axios.get(url, { adapter: "fetch" })`' },
  { key: "got", packages: ["got"], does: "`got(url).text()`" },
  { key: "node-fetch", packages: ["node-fetch"], does: "`fetch(url)`" },
  { key: "ky", packages: ["ky"], does: "`ky(url).text()`" },
  { key: "superagent", packages: ["superagent"], does: "`await superagent.get(url)`" },
  {
    key: "superagent, run",
    packages: ["superagent"],
    does: "`await run(context, () => superagent.get(url))`",
  },
  { key: "needle", packages: ["needle"], does: '`await needle("get", url)`' },
  {
    key: "needle, callback",
    packages: ["needle"],
    does: "`needle.get(url, callback)`, then `fetch` in the callback",
  },
  {
    key: "mysql2, callback",
    packages: ["mysql2"],
    does: "`pool.query(text, callback)`, then `fetch` in the callback",
    mixes: { remedy: "mysql2, bind" },
  },
  {
    key: "mysql2, bind",
    packages: ["mysql2"],
    does: "`pool.query(text, bind(callback))`, then `fetch` in the callback",
  },
  {
    key: "mysql2, promise",
    packages: ["mysql2"],
    does: "`await pool.promise().query(text)`, then `fetch`",
  },
  { key: "knex", packages: ["knex", "mysql2"], does: "`await knex.raw(text)`, then `fetch`" },
];

/** What has tests of its own in the library's suite, with the versions that packages/context installs. */
export interface TestedElsewhere {
  readonly what: string;
  readonly packages: readonly string[];
  readonly file: string;
  /** The title of the test, or of the suite. */
  readonly title: string;
}

const own = (file: string): string => `packages/context/src/${file}.test.ts`;

export const elsewhere: readonly TestedElsewhere[] = [
  {
    what: "calls that wait in a pool: `request`, `stream`, `pipeline`, `fetch`",
    packages: ["undici6", "undici7", "undici"],
    file: own("undici-pools"),
    title: "calls that wait in a pool of undici",
  },
  {
    what: "calls by a proxy, and `http.Agent` with `proxyEnv`",
    packages: ["http-proxy-agent", "proxy-agent", "undici6", "undici7", "undici"],
    file: own("proxies"),
    title: "a call by a proxy",
  },
  {
    what: "redirects",
    packages: ["superagent"],
    file: own("late-headers"),
    title: "superagent",
  },
  {
    what: "clients and servers, unary and streams",
    packages: ["@grpc/grpc-js"],
    file: own("grpc"),
    title: "gRPC",
  },
  {
    what: "`pool.query` with a callback: the loss and the remedy",
    packages: ["pg"],
    file: own("libraries"),
    title: "pg with callbacks",
  },
  {
    what: "`queue`: the loss and the remedy",
    packages: ["async"],
    file: own("libraries"),
    title: "async.queue",
  },
  {
    what: "`add`: the loss up to version 9 and the remedy",
    packages: ["p-queue9", "p-queue"],
    file: own("libraries"),
    title: "p-queue",
  },
  {
    what: "`then`: the loss and the remedies",
    packages: ["bluebird"],
    file: own("libraries"),
    title: "bluebird",
  },
];
