import { REMOTE, TUNNEL } from "../table/ports.js";
import { NOBODY } from "../table/remotes.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import { macHi, macLo } from "../wire/ethernet.js";
import { FLOW_KEY_SIZE, FLOW_UPLINK_AT, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../wire/flow-entry.js";
import { PROTO_UDP } from "../wire/ipv4.js";
import { rawHalf } from "../wire/raw.js";
import { clearRow } from "./counters.js";
export class OverlayCommands {
    constructor(state, counters, hooks) {
        this.state = state;
        this.counters = counters;
        this.hooks = hooks;
    }
    /** The own network `id` is an overlay network. */
    add(id, { port, vni, mtu }) {
        const { networks, ports, tunnel } = this.state;
        clearRow(this.counters, port);
        ports.set(port, REMOTE, 0, 0, NO_ADDRESS, id);
        networks.setOverlay(id, port, vni, mtu);
        tunnel.addNetwork(vni, id);
    }
    /** It goes, with all that is known of other nodes' endpoints in it. */
    remove(id) {
        const { networks, ports, remotes, tunnel } = this.state;
        for (const node of remotes.clearNetwork(id))
            this.forgetNode(node);
        tunnel.removeNetwork(networks.vni[id]);
        ports.clear(networks.remotePort[id]);
    }
    addTunnel(m) {
        const { addresses, ports, tunnel } = this.state;
        clearRow(this.counters, m.port);
        ports.set(m.port, TUNNEL, macHi(m.mac), macLo(m.mac), NO_ADDRESS, 0);
        tunnel.port = m.port;
        tunnel.device = m.device;
        tunnel.local = addresses.take(m.address);
        tunnel.udpPort = rawHalf(m.udpPort);
        tunnel.checksum = m.checksum;
        tunnel.segments = m.segments;
    }
    removeTunnel() {
        const { addresses, tunnel } = this.state;
        addresses.release(tunnel.local);
        tunnel.port = -1;
    }
    /** `ipv4`, `ipv6`: its addresses, held. */
    setRemote({ network, mac, node }, ipv4, ipv6) {
        const { addresses, remotes } = this.state;
        const address = addresses.take(node);
        if (remotes.ofNode(address) === NOBODY)
            this.forgetIfElsewhere(address);
        this.forgetNode(remotes.set(network, macHi(mac), macLo(mac), ipv4, ipv6, address));
    }
    removeRemote({ network, mac }) {
        this.forgetNode(this.state.remotes.delete(network, macHi(mac), macLo(mac)));
    }
    /** What a former process has entered may lead to a device that is gone with it. */
    forgetIfElsewhere(address) {
        const { forget, forget6, tunnel } = this.state;
        const entries = tunnel.ipv6 ? forget6 : forget;
        this.hooks.forget(); // so that the key is the first
        entries.addKey(tunnel.local, address, tunnel.udpPort, PROTO_UDP);
        const value = new Uint8Array(tunnel.ipv6 ? FLOW6_VALUE_SIZE : FLOW_VALUE_SIZE);
        const key = entries.keyBytes.slice(0, tunnel.ipv6 ? FLOW6_KEY_SIZE : FLOW_KEY_SIZE);
        const found = this.hooks.lookup(key, value, tunnel.ipv6 ? 6 : 4);
        if (!found || new Int32Array(value.buffer)[FLOW_UPLINK_AT >> 2] === tunnel.device)
            entries.count = 0;
        else
            this.hooks.forget();
    }
    /** What the node at `address` (NO_ADDRESS: none) sends is steered to us no more. */
    forgetNode(address) {
        if (address === NO_ADDRESS)
            return;
        const { forget, forget6, tunnel } = this.state;
        this.hooks.forget();
        (tunnel.ipv6 ? forget6 : forget).addKey(tunnel.local, address, tunnel.udpPort, PROTO_UDP);
        this.hooks.forget();
    }
}
//# sourceMappingURL=overlay-commands.js.map