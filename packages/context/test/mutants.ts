import type { Mutant } from "@cocktail/planted-bugs";
import { inFile } from "./mutant.ts";
import { mutantsOfCalls } from "./mutants-of-calls.ts";
import { mutantsOfGrpc } from "./mutants-of-grpc.ts";

const coming = [
  ...inFile("request-events.ts", [
    [
      "C-7",
      "return emitter.listenerCount(event, clearIncoming) === 0;",
      "return false;",
      "entry",
      "keeps its context in listeners of its end, with and without a body, also after it was answered",
    ],
    [
      "C-7",
      'if (count !== 1 || event !== "end") return count > 0;',
      'if (event !== "end") return count > 0;',
      "entry",
      "keeps its context in listeners of its end, with and without a body, also after it was answered",
    ],
  ]),
  ...inFile("entry.ts", [
    [
      "C-2",
      "return isPresent ? context : undefined;",
      "return undefined;",
      "entry",
      "hides the baggage member of a field by its header, even a rejected one",
    ],
    [
      "C-4",
      "if (received === undefined && !shared.contextForAll) return undefined;",
      "",
      "entry",
      "without a route has no context at all",
    ],
    [
      "C-5",
      "return context === storage.getStore() ?",
      "return context === undefined || context === storage.getStore() ?",
      "entry",
      "does not inherit the context in which its server was started",
    ],
    [
      "C-6",
      "(request[slot] ?? begin(request, peer, mayCarry))",
      "begin(request, peer, mayCarry)",
      "entry",
      "keeps its context through a second adapter",
    ],
    [
      "C-7",
      "bindEvents(peer, context);",
      "",
      "entry",
      "that is cut off tells so in its own context",
    ],
    [
      "C-7",
      "bindEvents(request, context);",
      "",
      "interleaved",
      "1,000 interleaved requests are never mixed by node:http, the body read by events",
    ],
  ]),
  ...inFile("watched-request.ts", [
    [
      "C-24",
      "guard.nested(outer, record);",
      "",
      "leak-guard",
      "tells of a server that was started inside of a request",
    ],
  ]),
  ...inFile("sniff.ts", [
    [
      "C-4",
      "wanted.has(name.toLowerCase())",
      "wanted.has(name)",
      "entry",
      "finds each of them in any case",
    ],
    [
      "C-4",
      "&& wanted.has(name.toLowerCase())",
      "",
      "entry",
      "is not taken in by headers of the same length, or by values",
    ],
  ]),
  ...inFile("servers.ts", [
    [
      "C-25",
      "return enter(request, peer, () => emit.call(this, event, ...args));",
      "return emit.call(this, event, ...args);",
      "register",
      "carries routes through a service that knows nothing of it, to the hosts of COCKTAIL_HOSTS",
    ],
  ]),
];

const between = [
  ...inFile("trace-collector.ts", [
    [
      "C-16",
      "this.#truncated ||= truncated || hops.length > room;",
      "this.#truncated ||= truncated;",
      "trace",
      "keeps at most 64 hops, however many come",
    ],
    [
      "C-17",
      "!seen.has(text(hop))",
      "seen.size >= 0",
      "trace",
      "says what the service set by hand once, however it was set",
    ],
  ]),
  ...inFile("recent-routes.ts", [
    [
      "C-18",
      "return readRoute(get, names);",
      "return readRoute(get);",
      "run",
      "are inverse with other header names too",
    ],
    [
      "C-18",
      "const parsed = readRoute(get, names);",
      "const parsed = readRoute(get);",
      "recent-routes",
      "are what reading them anew gives, whatever else the request says",
    ],
    [
      "C-3",
      " || saysMore(get, names))",
      ")",
      "recent-routes",
      "are what reading them anew gives, whatever else the request says",
    ],
  ]),
  ...inFile("headers.ts", [
    [
      "C-1",
      "isTraceRequested(get(names.trace))",
      "isTraceRequested(get(names.served))",
      "entry",
      "brings pins, environment, mode and the request for a trace",
    ],
    [
      "C-18",
      "return value instanceof Uint8Array ?",
      "return false && value instanceof Uint8Array ?",
      "run",
      "read what clients of brokers and of HTTP give",
    ],
    [
      "C-13",
      "!isInternal(shared.hosts, options.to)",
      "isInternal(shared.hosts, options.to)",
      "run",
      "give nothing for a third party",
    ],
  ]),
  ...inFile("context.ts", [
    [
      "C-19",
      'if (route.mode === "strict") parts.push("mode=strict");',
      "",
      "run",
      "has equal keys exactly for equal routes",
    ],
  ]),
  ...inFile("context.ts", [
    [
      "C-22",
      "return brand in context;",
      "return context instanceof ActiveContext;",
      "shared-state",
      "shares one context between two copies of the library, and injects once",
    ],
  ]),
  ...inFile("run.ts", [
    [
      "C-20",
      "return runIn(context, () => work.apply(this, args));",
      "return work.apply(this, args);",
      "run",
      "is captured by current and by bind, with arguments, this and result",
    ],
    [
      "C-20",
      "return runIn(shared.unrouted, work);",
      "return work();",
      "run",
      "nests, and outside leaves it",
    ],
    [
      "C-21",
      "context === undefined || context === shared.unrouted",
      "context === undefined",
      "entry",
      "gets an instance of its own from perContext, the unrouted ones too",
    ],
    [
      "C-21",
      "shared.contextForAll = true;",
      "",
      "entry",
      "gets an instance of its own from perContext, the unrouted ones too",
    ],
  ]),
  ...inFile("shared-state.ts", [
    [
      "C-22",
      'Symbol.for("@cocktail/context/1")',
      'Symbol("@cocktail/context/1")',
      "shared-state",
      "shares one context between two copies of the library, and injects once",
    ],
  ]),
  ...inFile("leak-guard.ts", [
    [
      "C-24",
      "if (age < graceMs) return;",
      "",
      "leak-guard",
      "is silent about work during the request, after it within the grace, and with a context of its own",
    ],
    [
      "C-24",
      "if (reported.has(id)) return;",
      "",
      "leak-guard",
      "tells of headers() too, once per call site",
    ],
    [
      "C-24",
      "if (routed) routedInFlight--;",
      "",
      "leak-guard",
      "counts no request twice and none forever",
    ],
  ]),
];

export const mutants: readonly Mutant[] = [
  ...coming,
  ...mutantsOfCalls,
  ...mutantsOfGrpc,
  ...between,
];
