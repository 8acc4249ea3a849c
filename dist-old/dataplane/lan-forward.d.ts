/**
 * Bridging in a network whose endpoints stand on a LAN, as behind the kernel's macvlan: by MAC among themselves, and all else by the LAN's port. Behind that are
 * the LAN's stations and the host, told apart there (`steer/lan-programs.ts`); nothing of them is learned, and nobody unknown is looked for by flooding.
 * What has a VLAN tag is of another LAN, from which nothing comes here: an endpoint's own does not get there either, nor to the host's device on it.
 *
 * An endpoint is no router's, so it answers a client directly: whatever next hop a frame names, we are its only door. So what belongs to a flow of a published
 * port is found by its tuple, and goes to be translated.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Decides about frame `i` of a network that has a LAN. */
export declare function lanForward(b: Batch, i: number, state: State, network: number): void;
/** What an endpoint says of a packet that is of no flow of ours goes the way that its MAC says. */
export declare function bridgeError(b: Batch, i: number, state: State): void;
