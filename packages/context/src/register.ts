import { install } from "./install.ts";
import { followServers } from "./servers.ts";

// `node --import @cocktail/context/register service.js`: everything, for a service that isn't to be changed.
install();
followServers();
