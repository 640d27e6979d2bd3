/** What to do about a reason, for the variant that gives it. */
export function fixFor(reason: string, variant: string): string {
  return fixes[reason]?.(variant) ?? `look at its output: cocktail branch logs ${variant}`;
}

const wait = (): string => "wait, or follow it with: cocktail status";
const look = (variant: string): string =>
  `look at its output: cocktail branch logs ${variant}; mend it, then deploy it again`;

const fixes: Readonly<Record<string, (variant: string) => string>> = {
  Deploying: wait,
  Preparing: (variant) => `wait; its output: cocktail branch logs ${variant}`,
  Starting: (variant) => `wait; its output: cocktail branch logs ${variant}`,
  Publishing: wait,
  AwaitingReaders: wait,
  Probing: wait,
  NotReady: (variant) =>
    `it is started again by itself; its output: cocktail branch logs ${variant}`,
  CrashLoop: look,
  WorkloadFailed: look,
  PrepareFailed: look,
  StartDeadline: look,
  WorkloadLost: wait,
  PathMissing: (variant) => `deploy ${variant} from a directory that exists, with --path DIR`,
  ProbeFailed: (variant) => `see where the request goes: cocktail branch get ${variant}`,
  Withdrawn: look,
  Terminating: wait,
  MemberMissing: (variant) => `deploy ${variant}, or take it out of the environment`,
};
