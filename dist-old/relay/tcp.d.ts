import { type Listener, type ListenerOptions } from "./listener.js";
/** Rejects with the system's error when the port cannot be bound. */
export declare function listenTcp(options: ListenerOptions): Promise<Listener>;
