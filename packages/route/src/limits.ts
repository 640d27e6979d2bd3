/**
 * Bytes of a field, as it came and in its canonical form. Beyond either limit it counts as absent, and as rejected. A
 * character is a byte: headers reach us as latin1, and baggage is decoded to the same.
 */
export const maxFieldLength = 4096;
/** Entries after splitting, the empty and the malformed ones included. */
export const maxEntries = 64;
