import { type HttpService } from "../api/http-server.js";
import type { NetworkCatalog } from "../sandbox/network-catalog.js";
import type { Sandboxes } from "../sandbox/sandboxes.js";
/** Throws what `listen` throws. */
export declare function serveCni(catalog: NetworkCatalog, sandboxes: Sandboxes, path: string, group: string | undefined): Promise<HttpService>;
