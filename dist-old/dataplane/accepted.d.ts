/**
 * Packets that the host's kernel has accepted for a published port (`steer/accept-program.ts`), made into what comes by the uplink, or by an
 * endpoint's own port: from here on they differ from that only by `Batch.device`.
 *
 * The kernel has looked at all but the checksum of long TCP segments, which it would check when a program reads: so here it is checked. And
 * where it is partial, as of what a program on this machine has sent, that is written into the virtio-net header, as a TAP has it. Of SCTP the
 * kernel has looked at no checksum at all.
 * A datagram for a broadcast or multicast address becomes one for the host's own address on the way to its sender: so the target
 * gets it as a program on the host would, and the answer comes from that address.
 * A frame that another node has sent so (`decapsulate.ts`) stays what it is, but for its checksum.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Interface index of lo, in every network namespace (LOOPBACK_IFINDEX of include/net/flow.h). */
export declare const LOOPBACK = 1;
export declare function accepted(b: Batch, state: State): void;
