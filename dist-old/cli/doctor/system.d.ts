import type { KernelSystem } from "./kernel.js";
/** Loaded late, since loading fails when the addon is not built. */
export declare function loadKernel(): Promise<KernelSystem>;
