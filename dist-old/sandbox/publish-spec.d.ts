import type { SandboxRecord } from "./records.js";
/** Throws TSP_ERR_PORT_SPEC (invalid). */
export declare function parsePublish(spec: string): SandboxRecord["ports"][number];
/** The value of `--expose`: `PORT[-END][/tcp|udp|sctp]`. Throws TSP_ERR_PORT_SPEC (invalid). */
export declare function parseExpose(spec: string): NonNullable<SandboxRecord["exposed"]>[number];
