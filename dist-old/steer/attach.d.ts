import type { FdStore } from "../sys/fd-store.js";
import type { RouteSocket, TcDirection } from "../sys/rtnetlink.js";
export type AttachMode = "tcx" | "clsact";
export interface Attachment {
    mode: AttachMode;
    detach(): void;
}
export declare class Attacher {
    private readonly routeSocket;
    private useTcx;
    private readonly store?;
    /** Of the names of links in the store, which no other process has given. */
    private readonly series;
    private links;
    /** `useTcx`: where the kernel has it. Without it a route socket is needed. `store`: keeps links while the process is restarted. */
    constructor(routeSocket: RouteSocket | undefined, useTcx: boolean, store?: FdStore | undefined);
    /** `name`: of the filter where there is no TCX. */
    attach(ifindex: number, progFd: number, direction?: TcDirection, name?: string): Attachment;
    private keep;
}
/** Removes the clsact filters of tsproxy processes that are no more from these devices. Answers how many. */
export declare function sweepStale(socket: RouteSocket, ifindices: readonly number[]): number;
