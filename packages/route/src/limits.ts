/**
 * Maximum bytes of a field, as received and in its canonical form. A longer field is rejected and counts as absent. One
 * character is one byte: Node decodes headers as latin1, and baggage is decoded the same way.
 */
export const maxFieldLength = 4096;
/** Maximum entries of a field, empty and malformed ones included. */
export const maxEntries = 64;
