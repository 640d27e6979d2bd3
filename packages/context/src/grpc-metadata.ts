import type { Metadata } from "@grpc/grpc-js";
import type { FieldValue } from "@cocktail/route";
import type { OutgoingHeaders } from "./outgoing.ts";

/** The headers of a gRPC call, as its metadata holds them. */
export function metadataHeaders(metadata: Metadata): OutgoingHeaders {
  return {
    get: (name) => metadataValue(metadata, name),
    set: (name, value) => metadata.set(name, value),
    remove: (name) => metadata.remove(name),
  };
}

/** One value, or the lines of a repeated one. */
export function metadataValue(metadata: Metadata, name: string): FieldValue {
  const values = metadata.get(name).map(String);
  return values.length > 1 ? values : values[0];
}
