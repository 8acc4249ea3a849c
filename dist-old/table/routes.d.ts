import type { Addresses } from "./addresses.js";
/** Whom to ask. All raw; `ports` as in conntrack. */
export interface Routing {
    /** Interface index that the last answer led out of. */
    readonly device: number;
    /** Source of the last answer about IPv6, four raw words. */
    readonly source6: Int32Array;
    /** The source of a packet from `src` (0: the host's own) that comes in at device `ingress`, or a REFUSED_* of `wire/route-answer.ts`. */
    ask(src: number, dst: number, proto: number, ports: number, ingress: number): number;
    /** The same of IPv6; source (zeros: the host's own) and destination are the eight words of `ends`. FOUND, and the answer is in `source6`, or a REFUSED_*. */
    ask6(ends: Int32Array, proto: number, ports: number, ingress: number): number;
}
export declare const FRESH_SEC = 10;
export declare class Routes {
    private readonly addresses;
    private readonly routing;
    private readonly seed;
    /** Interface index of the uplink, by which the kernel gets what is sent on. */
    uplink: number;
    private readonly slots;
    private readonly slots6;
    private readonly ends;
    /** Devices that nothing may be sent to. */
    private refused;
    /** Answers hold for the very ports: nothing is kept. */
    private exact;
    /** `addresses`: where handles are from. Without a `routing` there is no way anywhere. `seed`: int32, random per process. */
    constructor(addresses: Addresses, routing: Routing | undefined, seed: number);
    /** The host has changed. */
    change(refused: readonly number[], exact: boolean): void;
    /**
     * The source that the host gives to what it sends on for `src`, which comes in by device `ingress` (0: the uplink), or a REFUSED_*. A handle holds
     * until the end of the batch. `now` in seconds.
     */
    via(src: number, dst: number, proto: number, ports: number, ingress: number, now: number): number;
    /** The host's own address towards `dst`. */
    sourceTo(dst: number, now: number): number;
    private via6;
    private isKept;
    /** The host itself goes everywhere. */
    private allowed;
    private slot;
}
