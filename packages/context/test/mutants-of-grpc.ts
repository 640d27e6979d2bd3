import { inFile } from "./mutant.ts";

/** Bugs in what carries a route through gRPC. */
export const mutantsOfGrpc = [
  ...inFile("grpc-client.ts", [
    [
      "C-9",
      "if (ours) inject(context, headers, shared.names);",
      "if (!ours || ours) inject(context, headers, shared.names);",
      "grpc",
      "carries nothing to a target outside of the cocktail",
    ],
    [
      "C-11",
      "const copy = metadata.clone();",
      "const copy = metadata;",
      "grpc",
      "lets metadata that the service set win, keeps foreign baggage, and leaves the service's object alone",
    ],
    [
      "C-14",
      "storage.run(context, forward, status);",
      "forward(status);",
      "grpc",
      "answers in the context of the caller, whoever opened the connection",
    ],
  ]),
  ...inFile("grpc-server.ts", [
    [
      "C-3",
      "inContext(() => listener.onReceiveHalfClose())",
      "listener.onReceiveHalfClose()",
      "grpc",
      "carries the route from a caller through the server into its calls",
    ],
    [
      "C-15",
      "const late = !this.#headSent && this.#context.traced;",
      "const late = false;",
      "grpc",
      "brings the trace of the server's calls back, also where it fails",
    ],
    [
      "C-7",
      "inContext(() => listener.onCancel());",
      "listener.onCancel();",
      "grpc",
      "tells a handler in its own context that the call was cancelled",
    ],
    [
      "C-24",
      "watchRequest(() => this.#path, hasContent(received))",
      "undefined as ReturnType<typeof watchRequest>",
      "grpc",
      "tells the leak guard of its calls",
    ],
  ]),
];
