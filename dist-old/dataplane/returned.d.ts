/**
 * Frames of ours that the uplink's program has given back, since the host has no way for them: they do not fit into it, or its routes refuse
 * (`steer/emit-program.ts`). They are translated by now. What may be fragmented is sent again in fragments (RFC 791 §3.2): of IPv6 what we stand for
 * the sender of (RFC 8200 §4.5, RFC 7915 §4.1). About the rest its sender is told, as by any router (RFC 1812 §5.2.7.1, RFC 1191, RFC 4443 §3), in
 * his own terms: the translation is undone before the packet is quoted, that to the other family too.
 *
 * A frame is known by its EtherType: what comes from elsewhere is IPv4 or IPv6, whoever has sent it. `takeBack` gives it its own again, so that
 * `parse` looks at it as at any other; then comes `returned`.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function takeBack(b: Batch, state: State): void;
export declare function returned(b: Batch, state: State): void;
