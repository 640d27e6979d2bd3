export interface Notification {
  readonly channel: string;
  readonly text: string;
}

/** Tells the customer. */
export function notify(text: string): Notification {
  return { channel: "email", text };
}
