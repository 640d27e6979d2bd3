export { type Answer, answersOf, fieldOf, numberOf } from "./answers.ts";
export { identify, type Identity } from "./identity.ts";
export { ask, type Called, urlOf } from "./peers.ts";
export { BadRequest, PeerFault, type Problem, problemFor } from "./problem.ts";
export { createService, start } from "./service.ts";
export { address, announce, onStop } from "./start.ts";
export { routeOf, type Visit, Visits } from "./visits.ts";
