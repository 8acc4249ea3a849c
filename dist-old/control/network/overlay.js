/**
 * The kind `overlay`: on this host what a bridge is, with gateway, masquerade and published ports; and its endpoints reach those behind other nodes, which
 * are told, in VXLAN datagrams through an underlay (`tunnels.ts`). Each node has the gateway, with the same address and MAC, for its own endpoints.
 */
import { TsproxyError } from "../../errors.js";
import { eachFamily } from "../../wire/per-family.js";
import { MAX_VNI } from "../../wire/vxlan.js";
import { Undo } from "../undo.js";
import { openBridged } from "./bridge.js";
import { MIN_MTU } from "./mtu.js";
import { RemoteEndpoints } from "./remote-endpoints.js";
/** Throws TSP_ERR_NETWORK as a bridge does, and as `Tunnels.use`; invalid: an identifier or MTU out of range. */
export const openOverlay = (site, number, spec) => new OverlayNetwork(site, number, spec);
export class OverlayNetwork {
    constructor({ workers, numbers, tunnels, ...site }, number, { vni, local, port: udpPort, checksum, mtu, ...spec }) {
        this.number = number;
        this.undo = new Undo();
        const address = eachFamily(local)[0];
        if (address === undefined)
            throw new TsproxyError("TSP_ERR_NETWORK", "invalid", "an overlay network needs an address of this host in the underlay", "give one");
        if (!Number.isInteger(vni) || vni < 1 || vni > MAX_VNI)
            throw new TsproxyError("TSP_ERR_NETWORK", "invalid", `${vni} is no VXLAN network identifier`, `give 1 to ${MAX_VNI}`);
        const most = tunnels.mtu(address);
        if (most < MIN_MTU || (mtu ?? most) > most)
            throw new TsproxyError("TSP_ERR_NETWORK", "invalid", most < MIN_MTU
                ? `the underlay's MTU is too small for tunnels: it leaves ${most} bytes`
                : `an MTU of ${mtu} is too large: through the underlay go ${most} bytes`, most < MIN_MTU ? "raise the MTU of the underlay's device" : `give ${most} or less, or raise the MTU of the underlay's devices`);
        this.mtu = mtu ?? most;
        try {
            this.undo.add("tunnels", tunnels.use(vni, { address, port: udpPort, checksum }));
            const port = numbers.take({ name: `overlay ${vni}`, kind: "remote" });
            this.undo.add("number of the other nodes", () => numbers.give(port));
            const overlay = { port, vni, mtu: this.mtu };
            this.bridge = openBridged({ workers, numbers, tunnels, ...site }, number, { ...spec, mtu: this.mtu }, overlay);
            this.undo.add("bridge", () => this.bridge.close());
        }
        catch (error) {
            void this.undo.run();
            throw error;
        }
        this.subnets = this.bridge.subnets;
        this.hostDevice = this.bridge.hostDevice;
        this.endpoints = this.bridge.endpoints;
        this.remotes = new RemoteEndpoints(workers, number, address, (node, name) => tunnels.nameNode(node, name));
    }
    reach(target) {
        return this.bridge.reach(target);
    }
    close() {
        return this.undo.run();
    }
}
//# sourceMappingURL=overlay.js.map