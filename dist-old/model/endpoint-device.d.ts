import type { HostDevices } from "./mechanism.js";
export declare const hostDevices: HostDevices;
/** False when there was none. */
export declare function removeHostDevice(name: string): boolean;
/** Whether the namespace at `path` is there. */
export declare function isSandbox(path: string): boolean;
