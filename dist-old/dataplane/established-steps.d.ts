import type { State } from "./state.js";
/** State words of flows whose packets need no other stage; the bits of their families are not in them. */
export declare const TCP_ESTABLISHED: number, UDP_ASSURED: number;
/** Flags of segments that change a flow's state. */
export declare const TURNING: number;
/** Whether a frame of an endpoint is addressed to the gateway, and from the endpoint's own MAC. */
export declare function isToGateway({ ports, networks }: State, halves: Uint16Array, port: number, frame: number): boolean;
