export interface ClientRequest {
    method: string;
    /** With its query. */
    path: string;
    /** Sent as JSON; undefined: no body. */
    body?: unknown;
    /** Without a byte from the other side. */
    timeoutMs: number;
}
export interface ClientAnswer {
    status: number;
    /** Undefined when the body is empty. */
    value: unknown;
}
/** Why there was no answer. `errno` is a system call's ("ENOENT", "EACCES"), or undefined. */
export declare class NoAnswer extends Error {
    readonly errno: string | undefined;
    constructor(message: string, errno: string | undefined, cause?: unknown);
}
/** Resolves with any status. Rejects with NoAnswer. */
export declare function requestJson(socketPath: string, { method, path, body, timeoutMs }: ClientRequest): Promise<ClientAnswer>;
