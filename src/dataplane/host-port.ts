/**
 * What an endpoint sends to the host itself: it goes to the host's device in the network as it is, if it is for an address of the host that the
 * endpoint may reach. Out of an internal network that is the gateway's alone. The kernel must not get anything else there: it would forward it,
 * past isolation and NAT, where it forwards at all.
 */
import type { Batch } from "../mem/batch.js";
import { INTERNAL } from "../table/networks.js";
import { carryPairToHost } from "./carry-pair.js";
import type { State } from "./state.js";

/** Sends frame `i`, which is for `dst` (raw), to the host's port. False, and nothing is done, if it may not go there. */
export function toHostPort(b: Batch, i: number, state: State, dst: number): boolean {
  const { networks, ports } = state;
  const host = state.hostPortOf(b.ingress[i]!);
  if (host === -1 || state.locals.get(dst, 0) === -1) return false; // loopback is nobody else's business either (RFC 1122 §3.2.1.3)
  const network = ports.network[b.ingress[i]!]!;
  if ((networks.flags[network]! & INTERNAL) !== 0 && dst !== networks.gatewayFor(network, dst)) return false;
  b.egress[i] = host;
  carryPairToHost(b, i, state, network, host);
  return true;
}
