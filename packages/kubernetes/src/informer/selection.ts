/** Which objects of a kind are listed and watched. */
export interface Selection {
  /** All namespaces without it. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}
