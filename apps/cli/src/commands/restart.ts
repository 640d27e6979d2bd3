import { STABLE } from "@cocktail/route";
import { type Command, command } from "../command/command.ts";
import { argument } from "../command/option.ts";
import { target } from "../command/value.ts";
import { deployFailure, deployNames, deployView, nextRollout } from "./deploy.ts";
import { dryRunOption, waitOptions } from "./shared-options.ts";

export const restart: Command = command({
  path: ["restart"],
  summary: "Start a variant again, of the same code, and wait until it is served",
  details: [
    "The new process starts beside the old one and takes over once it responds, so nothing is interrupted. It ends the pause of a variant that keeps exiting. Stable without ref: runs what its working copy holds now. A branch stays at the commit it was deployed at; for a newer one deploy it again.",
  ],
  args: {
    variant: argument(target, "the variant; of a service alone: its stable one"),
  },
  options: { ...waitOptions, ...dryRunOption },
  examples: [
    { text: "stable, after a fix in its directory", command: "cocktail restart payment-service" },
    { text: "a branch", command: "cocktail restart payment-service:mp-101" },
  ],
  run: async (context, { args, options }) => {
    const { key = STABLE, service } = args.variant;
    return await nextRollout(context, options, (api, ...how) => api.restart(service, key, ...how));
  },
  view: deployView,
  names: deployNames,
  failure: deployFailure,
});
