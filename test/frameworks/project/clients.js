// One call a client: each is given the URL of a service that answers with the pins it saw, and gives back a function that
// makes the call and answers what it answered.
import { Agent, get } from "node:http";

const byHttp = (url, options = {}) =>
  new Promise((resolve, reject) => {
    get(url, options, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += chunk));
      answer.on("end", () => resolve(text));
    }).on("error", reject);
  });

/** Answers what `work` calls back, and what follows from that. */
const called = (work, goOn) =>
  new Promise((resolve, reject) => {
    work((error) => {
      if (error) reject(error);
      else resolve(goOn());
    });
  });

const byFetch = async (url) => (await fetch(url)).text();

/** A MySQL server as far as `select 1` needs one, by mysql2's own protocol code; its address. */
async function fakeMysql() {
  const { createServer } = (await import("mysql2")).default;
  const server = createServer();
  let connectionId = 0;
  server.on("connection", (connection) => {
    connection.serverHandshake({
      protocolVersion: 4,
      serverVersion: "8.0.0",
      connectionId: ++connectionId,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: 0xffffff,
    });
    connection.on("query", () => connection.writeOk());
    connection.on("error", () => {});
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { host: "127.0.0.1", port: server._server.address().port, user: "a", database: "a" };
}

async function mysqlPool() {
  const { createPool } = (await import("mysql2")).default;
  return createPool({ ...(await fakeMysql()), connectionLimit: 2 });
}

/** The call is made where the query's callback goes on. */
const afterQuery = (pool, url, wrap) =>
  called(
    (callback) => pool.query("select 1", wrap(callback)),
    () => byFetch(url),
  );

export const clients = {
  fetch: (url) => () => byFetch(url),
  "node:http": (url) => () => byHttp(url),
  "node:http, agent": (url) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    return () => byHttp(url, { agent });
  },

  async axios(url) {
    const { default: axios } = await import("axios");
    return async () => (await axios.get(url)).data;
  },
  async "axios, fetch"(url) {
    const { default: axios } = await import("axios");
    return async () => (await axios.get(url, { adapter: "fetch" })).data;
  },
  async got(url) {
    const { default: got } = await import("got");
    return () => got(url).text();
  },
  async "node-fetch"(url) {
    const { default: nodeFetch } = await import("node-fetch");
    return async () => (await nodeFetch(url)).text();
  },
  async ky(url) {
    const { default: ky } = await import("ky");
    return () => ky(url).text();
  },
  async superagent(url) {
    const { default: superagent } = await import("superagent");
    return async () => (await superagent.get(url)).text;
  },
  async "superagent, run"(url) {
    const { default: superagent } = await import("superagent");
    const { current, outside, run } = await import("@cocktail/context");
    return async () => {
      const now = current();
      return (await outside(() => run(now, () => superagent.get(url)))).text;
    };
  },
  async needle(url) {
    const { default: needle } = await import("needle");
    return async () => (await needle("get", url)).body.toString();
  },
  async "needle, callback"(url) {
    const { default: needle } = await import("needle");
    return () =>
      called(
        (callback) => needle.get(url, callback),
        () => byFetch(url),
      );
  },

  async "mysql2, callback"(url) {
    const pool = await mysqlPool();
    return () => afterQuery(pool, url, (callback) => callback);
  },
  async "mysql2, bind"(url) {
    const pool = await mysqlPool();
    const { bind } = await import("@cocktail/context");
    return () => afterQuery(pool, url, bind);
  },
  async "mysql2, promise"(url) {
    const pool = (await mysqlPool()).promise();
    return async () => {
      await pool.query("select 1");
      return byFetch(url);
    };
  },
  async knex(url) {
    const { default: knex } = await import("knex");
    const database = knex({ client: "mysql2", connection: await fakeMysql(), pool: { max: 2 } });
    return async () => {
      await database.raw("select 1");
      return byFetch(url);
    };
  },
};
