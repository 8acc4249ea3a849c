import { type Server } from "node:net";
/** `denied`: there is a socket, but this user may not connect to it. */
export type Presence = "listening" | "absent" | "denied";
/** Whether somebody listens on the socket at `path`. Connects to it, so a socket that systemd holds starts its service. */
export declare function whoListens(path: string): Promise<Presence>;
export interface ListenOptions {
    path: string;
    /** Name or number of the group that may use it besides its owner; undefined: nobody. */
    group?: string | undefined;
    /** Connections that may wait to be accepted. */
    backlog?: number;
    /** A socket that listens there already, from `passedSockets`. `path` only names it then, and who may use it is not ours to say. */
    passed?: number | undefined;
    /** How a refusal is put: its code, who else may be listening ("another daemon"), and what to do then. */
    refusal: {
        code: "TSP_ERR_API_SOCKET" | "TSP_ERR_DAEMON" | "TSP_ERR_PLUGIN_SOCKET";
        other: string;
        hint: string;
    };
}
/**
 * Makes `server` listen. Makes the folder, and replaces a socket on which nobody listens. Throws an error of `refusal.code` (conflict when somebody
 * listens), or TSP_ERR_GROUP; nothing listens then.
 */
export declare function listen(server: Server, options: ListenOptions): Promise<void>;
export interface PassedSocket {
    fd: number;
    /** That of FileDescriptorName=, or "". */
    name: string;
    /** Where it is bound; "" when that cannot be known. */
    path: string;
}
/**
 * Sockets that systemd listens on for this process (socket activation), in the order of the unit. Throws TSP_ERR_PLUGIN_SOCKET (invalid) when one
 * is none.
 */
export declare function passedSockets(): PassedSocket[];
