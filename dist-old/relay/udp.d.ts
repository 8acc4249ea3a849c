import { type Listener, type ListenerOptions } from "./listener.js";
export declare const IDLE_MS = 90000;
export interface UdpTuning {
    idleMs?: number;
    maxSessions?: number;
    /** Milliseconds, never going back. */
    now?: () => number;
}
export interface UdpListener extends Listener {
    /** Ends the sessions that are idle; runs by itself, every 5 s with the default of `idleMs`. */
    expire(): void;
}
/** Rejects with the system's error when the port cannot be bound. */
export declare function listenUdp(options: ListenerOptions, tuning?: UdpTuning): Promise<UdpListener>;
