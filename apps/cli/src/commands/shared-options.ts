import { flag, option, optionWithDefault, toggle } from "../command/option.ts";
import { duration, file, text } from "../command/value.ts";
/** Options with the same meaning in every command. */
export const waitOptions = {
  wait: toggle("return immediately instead of waiting until it is served"),
  waitTimeout: optionWithDefault(
    duration,
    "5m",
    "give up waiting after this time, with exit code 5",
  ),
} as const;

/** For the verbs that destroy. */
export const destroyWaitOptions = {
  wait: toggle("return immediately instead of waiting until it is gone"),
  waitTimeout: waitOptions.waitTimeout,
} as const;

export const dryRunOption = {
  dryRun: flag("print the plan and change nothing"),
} as const;

export const ciFileOptions = {
  // Not --env-file: Node takes that for its own, also behind a script, and ends where the file does not exist.
  dotenv: option(
    file("FILE"),
    "write COCKTAIL_NAME, COCKTAIL_URL and the header to this file, before anything is changed",
  ),
  githubOutput: option(
    file("FILE"),
    "append name, url and header to this file, in the format of GITHUB_OUTPUT, before anything is changed",
  ),
} as const;

export const routeOptions = {
  pins: option(text("PINS", "variant"), "service:key pairs joined by ::, as in x-service-route"),
  environment: option(text("NAME", "environment"), "an environment, as in x-source-route"),
} as const;
