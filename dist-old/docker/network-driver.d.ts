import type { NetworkModel } from "../model/network-model.js";
import type { PluginCalls } from "./plugin-server.js";
/** By path: `NetworkDriver.CreateNetwork`. */
export declare function networkDriver(model: NetworkModel): PluginCalls;
/** In the words that Docker has for it, and that programs look for. */
export declare function dockerError(error: unknown): unknown;
