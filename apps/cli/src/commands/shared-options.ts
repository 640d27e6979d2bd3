/** Options that mean the same wherever they occur. */
export const waitOptions = {
  wait: { kind: "toggle", summary: "return immediately instead of waiting until it is served" },
  waitTimeout: {
    kind: "duration",
    default: 300,
    summary: "give up waiting after this time, with exit code 5",
  },
} as const;

/** Of the verbs that destroy. */
export const goneOptions = {
  wait: { kind: "toggle", summary: "return immediately instead of waiting until it is gone" },
  waitTimeout: waitOptions.waitTimeout,
} as const;

export const dryRunOption = {
  dryRun: { kind: "flag", summary: "print the plan and change nothing" },
} as const;

export const ciFileOptions = {
  envFile: {
    kind: "text",
    value: "FILE",
    summary: "write COCKTAIL_NAME, COCKTAIL_URL and the header there, before anything is changed",
    completes: "file",
  },
  githubOutput: {
    kind: "text",
    value: "FILE",
    summary:
      "append name, url and header there, in the form of GITHUB_OUTPUT, before anything is changed",
    completes: "file",
  },
} as const;

export const routeOptions = {
  pins: {
    kind: "text",
    value: "PINS",
    summary: "service:key pairs joined by ::, as in x-service-route",
    completes: "variant",
  },
  environment: {
    kind: "text",
    value: "NAME",
    summary: "an environment, as in x-source-route",
    completes: "environment",
  },
} as const;
