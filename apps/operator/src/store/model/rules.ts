/** A rule in CEL that the API server checks; see x-kubernetes-validations. */
interface Rule {
  readonly rule: string;
  /** Without it the error is the rule itself. */
  readonly message: string;
  /** In place of the message, an expression that makes it. */
  readonly messageExpression?: string;
}

/** The part of a schema's `meta` that has the API server check rules. */
export const rules = (
  ...list: readonly Rule[]
): { readonly "x-kubernetes-validations": readonly Rule[] } => ({
  "x-kubernetes-validations": list,
});

/** The part of a list's `meta` that makes it a map: keys are unique, and appliers own entries. */
export const mapBy = (
  key: string,
): {
  readonly "x-kubernetes-list-type": "map";
  readonly "x-kubernetes-list-map-keys": readonly string[];
} => ({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });
