import http2, { type ClientHttp2Session } from "node:http2";
import type { TestContext } from "node:test";

/** An HTTP/2 connection that ends with the test. */
export function session(t: TestContext, port: number): ClientHttp2Session {
  const client = http2.connect(`http://127.0.0.1:${port}`);
  client.on("error", () => undefined);
  t.after(() => client.destroy());
  return client;
}

export interface StreamAnswer {
  readonly status: number;
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailers: http2.IncomingHttpHeaders;
  readonly body: string;
  readonly reset: number;
}

/** One request on it; resolves when its stream has closed, however it did. */
export function fetch2(
  client: ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders | readonly string[],
  body?: string,
): Promise<StreamAnswer> {
  return new Promise((resolve) => {
    const flat = Array.isArray(headers)
      ? headers
      : {
          ":authority": "storefront.localhost",
          ":path": "/",
          ...(headers as http2.OutgoingHttpHeaders),
        };
    const stream = client.request(flat as http2.OutgoingHttpHeaders, {
      endStream: body === undefined,
    });
    let got: http2.IncomingHttpHeaders = {};
    let trailers: http2.IncomingHttpHeaders = {};
    let text = "";
    stream.on("response", (response) => (got = response));
    stream.on("trailers", (last: http2.IncomingHttpHeaders) => (trailers = last));
    stream.on("data", (chunk) => (text += String(chunk)));
    stream.on("error", () => undefined);
    stream.on("close", () => {
      resolve({
        status: Number(got[":status"] ?? 0),
        headers: got,
        trailers,
        body: text,
        reset: stream.rstCode ?? 0,
      });
    });
    if (body !== undefined) stream.end(body);
  });
}
