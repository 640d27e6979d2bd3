/** The tests of each loaded copy, by the query of its URLs and then by title. */
export const collected: Map<string, Map<string, () => unknown>> = new Map();
