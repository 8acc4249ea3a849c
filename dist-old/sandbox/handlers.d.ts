/** The API's routes for networks by name and for sandboxes. */
import type { Handlers } from "../api/routes.js";
import type { NetworkModel } from "../model/network-model.js";
import type { NetworkCatalog } from "./network-catalog.js";
import type { Sandboxes } from "./sandboxes.js";
export declare function sandboxHandlers(catalog: NetworkCatalog, model: NetworkModel, sandboxes: Sandboxes): Handlers;
