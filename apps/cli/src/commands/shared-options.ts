import { flag, option, optionWithDefault, toggle } from "../command/option.ts";
import { duration, file, text } from "../command/value.ts";
/** Options that mean the same wherever they occur. */
export const waitOptions = {
  wait: toggle("return immediately instead of waiting until it is served"),
  waitTimeout: optionWithDefault(
    duration,
    "5m",
    "give up waiting after this time, with exit code 5",
  ),
} as const;

/** Of the verbs that destroy. */
export const goneOptions = {
  wait: toggle("return immediately instead of waiting until it is gone"),
  waitTimeout: waitOptions.waitTimeout,
} as const;

export const dryRunOption = {
  dryRun: flag("print the plan and change nothing"),
} as const;

export const ciFileOptions = {
  envFile: option(
    file("FILE"),
    "write COCKTAIL_NAME, COCKTAIL_URL and the header there, before anything is changed",
  ),
  githubOutput: option(
    file("FILE"),
    "append name, url and header there, in the form of GITHUB_OUTPUT, before anything is changed",
  ),
} as const;

export const routeOptions = {
  pins: option(text("PINS", "variant"), "service:key pairs joined by ::, as in x-service-route"),
  environment: option(text("NAME", "environment"), "an environment, as in x-source-route"),
} as const;
