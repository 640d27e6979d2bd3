/** A request to the shop. */
export interface ShopRequest {
  readonly method: "GET" | "POST";
  /** Labels before the domain: `storefront`, or `ops-101.storefront`. */
  readonly host: string;
  readonly path: string;
  readonly pins?: string;
  readonly environment?: string;
  readonly strict?: boolean;
}
