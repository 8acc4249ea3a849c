import type { EtcdOptions } from "./etcd-options.js";
/** google.rpc.Code */
export declare const NOT_FOUND = 5;
/** An answer that is an error of etcd's. */
export declare class EtcdError extends Error {
    readonly code: number;
    constructor(code: number, message: string);
}
export interface StreamListener {
    /** A line of JSON. */
    onMessage(message: unknown): void;
    /** Not after `close`. */
    onEnd(error: Error): void;
}
export declare class Gateway {
    private readonly options;
    private current;
    private token;
    private readonly agent;
    private readonly streams;
    constructor(options: EtcdOptions);
    get name(): string;
    /** Throws EtcdError, TSP_ERR_STORE. */
    call(path: string, body: unknown): Promise<unknown>;
    /** `{"etcdserver":"3.4.23",…}` */
    version(): Promise<unknown>;
    /** One call whose answer goes on. Its end means that the next is to go to another member. */
    stream(path: string, body: unknown, listener: StreamListener): {
        close(): void;
    };
    close(): void;
    /** Calls that need a token get one, and a new one when it is refused. */
    private authorized;
    private authenticate;
    /** From the member that answered last; each has a turn. A broken connection of before is no fault of its member, so one has two. */
    private anyMember;
    private next;
    private post;
    private request;
    private open;
}
