export { writeAtomically } from "./atomic-file.ts";
export { acquireLock, lockHolder, type LockOutcome } from "./lock.ts";
export { openFilesFix } from "./open-files.ts";
export {
  identify,
  isAlive,
  parseIdentity,
  type ProcessFacts,
  type ProcessIdentity,
  readProcess,
} from "./process-identity.ts";
export { readRegularFile } from "./regular-file.ts";
export { readRunFile, removeRunFile, type RunFile, writeRunFile } from "./run-file.ts";
export { ensureSchema, readSchema } from "./schema-file.ts";
export { readRepositories, recordedIn, rememberRepository } from "./worktree-repositories.ts";
export { createStateDirectory, stateDirectory, type StateDirectory } from "./state-directory.ts";
