/** One planted bug: the rule of docs/spec/context.md it breaks, the change, and the test that must notice. */
export interface Mutant {
  readonly rule: string;
  /** Below src. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Below src. */
  readonly testFile: string;
  readonly test: string;
}

type Row = readonly [rule: string, find: string, replace: string, testFile: string, test: string];

function inFile(file: string, rows: readonly Row[]): readonly Mutant[] {
  return rows.map(([rule, find, replace, testFile, test]) => ({
    rule,
    file,
    find,
    replace,
    testFile: `${testFile}.test.ts`,
    test,
  }));
}

const coming = [
  ...inFile("entry.ts", [
    [
      "C-1",
      "headers[names.trace])",
      "headers[names.served])",
      "entry",
      "brings pins, environment, mode and the wish for a trace",
    ],
    [
      "C-2",
      "return present || saysAnything(context)",
      "return saysAnything(context)",
      "entry",
      "hides the baggage member of a field by its header, even a rejected one",
    ],
    [
      "C-4",
      "if (said === undefined && !shared.contextForAll) return undefined;",
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

const going = [
  ...inFile("outgoing.ts", [
    [
      "C-8",
      "for (const [name, value] of formatRoute(context.route, names)) {",
      "for (const [name, value] of formatRoute(context.route, names).slice(1)) {",
      "outgoing-calls",
      "carry the route to a host of the cocktail, each header once, mirrored in baggage",
    ],
    [
      "C-11",
      "if (headers.get(name) === undefined) headers.set(name, value);",
      "headers.set(name, value);",
      "outgoing-calls",
      "let what the service set itself win, field by field, in baggage too",
    ],
    [
      "C-11",
      "const route = override(context.route, byHand);",
      "const { route } = context;",
      "outgoing-calls",
      "let what the service set itself win, field by field, in baggage too",
    ],
    [
      "C-12",
      "const wanted = writeBaggage(existing, route);",
      "const wanted = writeBaggage(undefined, route);",
      "outgoing-calls",
      "leave the members of others in baggage as they are, and replace stale ones of ours",
    ],
    [
      "C-13",
      "mirror(headers, unrouted);",
      "",
      "outgoing-calls",
      "take our members, and only ours, out of the baggage of a third party",
    ],
    [
      "C-13",
      "if (existing !== undefined) headers.remove(BAGGAGE);",
      "",
      "outgoing-calls",
      "take our members, and only ours, out of the baggage of a third party",
    ],
  ]),
  ...inFile("undici-calls.ts", [
    [
      "C-9",
      "const ours = isOurs(shared.hosts, request.origin);",
      "const ours = true;",
      "outgoing-calls",
      "ask again after a redirect: to a third party without, and back with the route",
    ],
    [
      "C-3",
      "if (isRouted(context.route)) mergeLaterBaggage(request, headers, route);",
      "",
      "interleaved-otel-after",
      "1,000 interleaved requests are never mixed by fastify",
    ],
    [
      "C-12",
      'writeBaggage([...lines(headers.get("baggage")), value], route)',
      "writeBaggage([value], route)",
      "outgoing-calls",
      "keep the baggage of somebody who adds it later",
    ],
    [
      "C-15",
      "if (ours && context.collector !== undefined) traced.set(request, context.collector);",
      "",
      "trace",
      "keeps 1,000 traces apart",
    ],
    [
      "C-23",
      'shared.log.error({ err: error }, "the route could not be put on a fetch or undici call");',
      "throw error;",
      "shared-state",
      "doesn't end because of a call that can't be given a route",
    ],
  ]),
  ...inFile("http-calls.ts", [
    [
      "C-9",
      "return said.hostname === address || isOurName(shared.hosts, address);",
      "return true;",
      "outgoing-calls",
      "with an own Host carry the route only where both it and the address are the cocktail's",
    ],
    [
      "C-15",
      "if (ours && context.collector !== undefined) traced.set",
      "if (context.collector !== undefined) traced.set",
      "trace",
      "does not take the hops of third parties",
    ],
    [
      "C-14",
      "const context = shared.storage.getStore();",
      "const context = shared.unrouted;",
      "outgoing-calls",
      "belong to their maker where they wait for a connection",
    ],
  ]),
  ...inFile("rendered-head.ts", [
    [
      "C-8",
      "first.data = head + first.data.slice(before.length);",
      "",
      "outgoing-calls",
      "carry the route to a host of the cocktail, each header once, mirrored in baggage",
    ],
  ]),
  ...inFile("hosts.ts", [
    [
      "C-10",
      "host.endsWith(suffix.text)",
      "host.includes(suffix.text)",
      "hosts",
      "match what is below a suffix, and neither the suffix nor what merely ends in its letters",
    ],
    [
      "C-10",
      "text: `.${name}`",
      "text: name",
      "hosts",
      "match what is below a suffix, and neither the suffix nor what merely ends in its letters",
    ],
    [
      "C-10",
      "parsed.port || defaultPort(parsed.protocol)",
      "parsed.port",
      "hosts",
      "match any port of a host without one, and the default port of a scheme",
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
  ...inFile("headers.ts", [
    [
      "C-18",
      "const { route } = readRoute(get, names);",
      "const { route } = readRoute(get);",
      "run",
      "are inverse with other header names too",
    ],
    [
      "C-13",
      "!isOurs(shared.hosts, options.to)",
      "isOurs(shared.hosts, options.to)",
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
  ...inFile("run.ts", [
    [
      "C-20",
      "shared.storage.run(context, () => work.apply(this, args))",
      "work.apply(this, args)",
      "run",
      "is captured by current and by bind, with arguments, this and result",
    ],
    [
      "C-20",
      "return shared.storage.run(shared.unrouted, work);",
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
      "counts no request twice and none for ever",
    ],
  ]),
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
  ]),
  ...inFile("grpc-server.ts", [
    [
      "C-3",
      ".withOnReceiveHalfClose((next) => run(context, next))",
      "",
      "grpc",
      "carries the route from a caller through the server into its calls",
    ],
    [
      "C-15",
      "if (headSent || !context.traced) return next(status);",
      "if (headSent || context.traced) return next(status);",
      "grpc",
      "brings the trace of the server's calls back, also where it fails",
    ],
  ]),
];

export const mutants: readonly Mutant[] = [...coming, ...going, ...between];
