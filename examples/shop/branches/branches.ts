/** A branch of the shop: a small change of one service, as a patch. */
export interface Branch {
  /** As a developer would name it. */
  readonly name: string;
  readonly service: string;
  /** The key that is derived from the name; `rc` for the release candidate. */
  readonly key: string;
  /** What the branch's VERSION says. */
  readonly version: string;
  /** File of this folder, for `git apply` in the shop's root. */
  readonly patch: string;
  /** What a user notices. */
  readonly summary: string;
}

export const branches: readonly Branch[] = [
  {
    name: "feature/mp-101-faster-payments",
    service: "payment-service",
    key: "mp-101",
    version: "1.1.0-mp-101",
    patch: "mp-101-faster-payments.patch",
    summary: "Payments by instant transfer: settled in 5 seconds, for half the fee",
  },
  {
    name: "feature/mp-102-new-cart",
    service: "cart-service",
    key: "mp-102",
    version: "1.1.0-mp-102",
    patch: "mp-102-new-cart.patch",
    summary: "A cart with a present and free shipping",
  },
  {
    name: "release/order-1.2",
    service: "order-service",
    key: "rc",
    version: "1.2.0-rc.1",
    patch: "release-order-1.2.patch",
    summary: "Orders are delivered tomorrow",
  },
  {
    name: "squad/payment-dev",
    service: "notification-service",
    key: "squad-payment-dev",
    version: "1.1.0-payment-dev",
    patch: "squad-payment-dev.patch",
    summary: "The payment squad is told by chat",
  },
  {
    name: "feature/mp-105-bulk-notifications",
    service: "notification-service",
    key: "mp-105",
    version: "1.1.0-mp-105",
    patch: "mp-105-bulk-notifications.patch",
    summary:
      "Notifications are sent in bulk; the first one kills the process, and it can't start again",
  },
];
