/** Beyond either limit a header counts as absent, and as rejected. Characters are bytes: headers reach us as latin1. */
export const maxFieldLength = 4096;
/** Entries after splitting, the empty and the malformed ones included. */
export const maxEntries = 64;
