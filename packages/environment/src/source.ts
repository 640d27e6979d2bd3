/** Where the code of a variant comes from. Exactly one kind; paths are absolute. */
export type Source =
  /** The service's own directory, as the desired state of the services gives it. */
  | { readonly kind: "service" }
  /**
   * A checkout of this branch, made and later removed by the platform. With `revision`, that commit and no other:
   * a promoted candidate stays what it was, whatever the branch does afterwards.
   */
  | { readonly kind: "branch"; readonly branch: string; readonly revision?: string | undefined }
  | { readonly kind: "directory"; readonly path: string }
  /** A process somebody else runs: not supervised. */
  | { readonly kind: "url"; readonly url: string };

/** `branch feature/mp-101`, `directory /src/payment`: for plans and messages. */
export function describeSource(source: Source): string {
  switch (source.kind) {
    case "service":
      return "the service's own directory";
    case "branch":
      return source.revision === undefined
        ? `branch ${source.branch}`
        : `branch ${source.branch} at ${source.revision}`;
    case "directory":
      return `directory ${source.path}`;
    case "url":
      return source.url;
  }
}
