import { TsproxyError } from "../errors.js";
import { type ListenOptions } from "./unix-socket.js";
export interface HttpRequest {
    method: string;
    /** Without the query. */
    path: string;
    query: URLSearchParams;
    /** The JSON in the body; undefined when that is empty. Rejects with a RequestError. */
    body(): Promise<unknown>;
}
export interface HttpAnswer {
    status: number;
    /** Becomes JSON; undefined: no body. */
    value: unknown;
    headers?: Record<string, string>;
}
/** A request that is refused before anything is done, with its HTTP status. */
export declare class RequestError extends TsproxyError {
    readonly status: 400 | 404 | 405 | 413;
    constructor(status: 400 | 404 | 405 | 413, message: string, hint?: string, cause?: unknown);
}
export interface HttpOptions extends ListenOptions {
    /** Bytes of a body, at most. */
    maxBody: number;
    /** Of all answers. */
    contentType: string;
}
export interface HttpService {
    readonly path: string;
    /** Cuts the connections that are open. */
    close(): Promise<void>;
}
/** `answer` never rejects. Throws what `listen` throws. */
export declare function serveHttp(answer: (request: HttpRequest) => Promise<HttpAnswer>, options: HttpOptions): Promise<HttpService>;
