/** Every kind of network. A new one is a file beside `bridge.ts`, its spec in the union and a line in the table. */
import { openBridge } from "./bridge.js";
import { openMacvlan } from "./macvlan.js";
import { openOverlay } from "./overlay.js";
const KINDS = {
    bridge: openBridge,
    macvlan: openMacvlan,
    overlay: openOverlay,
};
/** As `OpenNetwork`. */
export function openNetwork(site, number, spec) {
    const open = KINDS[spec.kind];
    return open(site, number, spec);
}
//# sourceMappingURL=kinds.js.map