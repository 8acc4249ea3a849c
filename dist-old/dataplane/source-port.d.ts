/**
 * Picks the source port (of ICMP echo the identifier) that a target sees, such that no other flow looks the same to it.
 *
 * What must be unique is a flow's reply tuple, and conntrack knows all of them: a port can serve any number of flows with different targets
 * (RFC 7857 §3). Which one:
 *
 * - Masqueraded flows have the port that their inside endpoint is published as, so that who hears from it can call back (SIP, WireGuard, BGP).
 *   Else that of the inside endpoint's mapping (`table/nat-pool.ts`). When there are none left for endpoints of their own, they have any.
 * - Clients that the target must see as the host have any.
 * - Clients that keep their address keep their port, unless they have a flow from it to the same target already, by another address of ours.
 *
 * A flow that is CLOSED, or UNPROVEN for some time, makes room for one that wants its tuple. Of several that could, it is the one that has been silent for
 * longest, so that the target has forgotten it, too (RFC 6191 §2: it takes a new connection for an old one else). Ports are random (RFC 6056 §3.1);
 * those that are published here on the same address are left out.
 */
import type { Batch } from "../mem/batch.js";
import { type NewFlow } from "../table/conntrack.js";
import type { State } from "./state.js";
/** Gives a flow from `flow.src` behind `flow.replyDst` its port in `flow.replyPorts` (which has the target's), and its mapping. False: there is none left. */
export declare function masquerade(b: Batch, state: State, flow: NewFlow): boolean;
/** Gives a flow whose target sees the host any port, in `flow.replyPorts` (which has the target's). False: there is none left. */
export declare function shared(b: Batch, state: State, flow: NewFlow): boolean;
/** Leaves a flow the port that `flow.replyPorts` has, or, if it will not do, gives it another one. False: there is none left. */
export declare function keep(b: Batch, state: State, flow: NewFlow): boolean;
