import { type RandomInt32 } from "./random.js";
export declare const NONE = -1;
export declare class PortRing {
    readonly proto: number;
    readonly address: number;
    private readonly first;
    private readonly random;
    private readonly ports;
    private readonly order;
    private head;
    private left;
    /** `spread`: what the choice of a worker knows the address by. */
    constructor(proto: number, address: number, first: number, last: number, random: RandomInt32, worker: number, workers: number, spread?: number);
    /** Raw. */
    portOf(port: number): number;
    /** Flows that hold the port. */
    flows(port: number): number;
    /** No port is in use. Looks at one after the other. */
    isIdle(): boolean;
    /** Whether the port is in use, for this inside endpoint. */
    isOf(port: number, address: number, inside: number): boolean;
    /** Inside address that the port is in use for, raw; 0: it is not in use. */
    holder(port: number): number;
    /** Inside port that the port is in use for, raw. */
    holderPort(port: number): number;
    /** A port not in use, a random one of the half that has rested for longer, to be assigned; -1: there is none. */
    take(): number;
    /** This very raw port, if it is not in use, to be assigned; else -1. */
    takeThis(rawPort: number): number;
    /** Any port at all, in use or not. */
    any(): number;
    /** The port is the inside endpoint's from now on, for one flow, whose ever it was. */
    assign(port: number, address: number, inside: number): void;
    /** One more flow holds a port that is in use. */
    hold(port: number): void;
    /** One flow less. Answers whether it was the last; then the port is not in use any more. */
    release(port: number): boolean;
    /** Place in `order` of the n-th from the head. */
    private at;
}
