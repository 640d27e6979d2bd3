export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Of the API, such as `/api/v1/namespaces`, without a query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For the whole answer; of a stream, for its head. */
  readonly timeoutMs?: number | undefined;
  /** How often it is sent if the server asks for patience (429, 503 with Retry-After). */
  readonly tries?: number | undefined;
  /**
   * Called before each sending, and again when the body is written to the connection: throws if the request must not be sent. Aborts
   * `signal`, if its reason is to be the outcome.
   */
  readonly guard?: (() => void) | undefined;
}

/** The Kubernetes API, raw: paths in, JSON out. Rejects with ApiError or ApiUnreachable. */
export interface Api {
  request(request: ApiRequest): Promise<unknown>;
  /** The lines of an answer without an end. */
  stream(request: ApiRequest): Promise<AsyncIterable<string>>;
}

export function describeRequest({ method, path }: ApiRequest): string {
  return `${method} ${path}`;
}
