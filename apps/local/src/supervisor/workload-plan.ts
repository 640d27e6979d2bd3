import type { ServiceConfig } from "../config/config.ts";
import { type LocalSource, readSource } from "../sources/document.ts";
import type { IncarnationRef, WorkloadSpec } from "./platform.ts";

/** `payment-service:mp-101#2`. */
export function nameOf({ incarnation, key, service }: IncarnationRef): string {
  return `${service}:${key}#${incarnation}`;
}

/** Everything about one incarnation that is known before it starts. */
export interface WorkloadPlan {
  readonly ref: IncarnationRef;
  /** Which deploy of the variant it is. */
  readonly rollout: number;
  readonly source: LocalSource;
  readonly command: readonly string[];
  /** The service's own directory, where it has one. */
  readonly servicePath: string | undefined;
  /** Stable runs there, and not in a checkout of its own. */
  readonly isStablesDirectory: boolean;
  readonly prepare: readonly string[] | undefined;
  readonly health: string | undefined;
  readonly protocol: "auto" | "http1" | "h2c";
  /** Files of variables, below all others. */
  readonly envFiles: readonly string[];
  /** Copied from the service's own directory into a checkout. */
  readonly copyFiles: readonly string[];
  /** The service's variables, then the variant's. */
  readonly env: readonly Readonly<Record<string, string>>[];
}

/** For a service that only a branch has, so that it is not in the file: it is ready when it listens. */
const unknown: Pick<
  ServiceConfig,
  "command" | "copyFiles" | "env" | "envFiles" | "health" | "prepare" | "protocol" | "ref" | "url"
> & {
  readonly path?: string;
} = {
  command: undefined,
  env: {},
  envFiles: [],
  copyFiles: [],
  health: undefined,
  prepare: undefined,
  protocol: "auto",
  ref: undefined,
  url: undefined,
};

export function planWorkload(spec: WorkloadSpec, service: ServiceConfig | undefined): WorkloadPlan {
  const { incarnation, key, rollout, service: name } = spec;
  const source = readSource(spec.source);
  const { command, copyFiles, env, envFiles, health, path, prepare, protocol, ref, url } =
    service ?? unknown;
  return {
    ref: { service: name, key, incarnation },
    rollout,
    source: source.kind === "service" && url !== undefined ? { kind: "url", url } : source,
    command: source.command ?? command ?? [],
    servicePath: path,
    isStablesDirectory: ref === undefined,
    prepare,
    health,
    protocol,
    envFiles,
    copyFiles,
    env: [env, source.env ?? {}],
  };
}
