import type { Socket } from "node:net";
import { type Mapping } from "../control/mapping.js";
export interface LauncherRequest {
    /** One port. */
    spec: Mapping;
    /** The socket that holds it; the caller's to close. */
    fd: number;
    /** It is one of IPv6 that takes IPv4 clients too, as neither dockerd nor the launcher makes one. */
    bothFamilies: boolean;
}
/**
 * Reads the request of a paused connection. Throws TSP_ERR_LAUNCHER for what is none, with no descriptor left open; undefined when the client
 * went away. Node cannot receive descriptors, so the connection is read natively, and looked at again while nothing is there yet.
 */
export declare function receiveRequest(socket: Socket): Promise<LauncherRequest | undefined>;
