/**
 * The programs between a LAN device, a TAP of the engine's, and its parent, the host's device on the LAN. They decide nothing: the map `stations` says which
 * MAC is whose. Key: MAC, then two zero bytes. Value: u32 interface index of the LAN device, or of the parent for its own MAC.
 *
 * - `lan_in` (ingress of the parent): what is for a station of ours goes to the LAN device; what is for a group goes there too, and on to the host.
 * - `lan_host` (its egress): the same with what the host itself sends.
 * - `lan_out` (ingress of the LAN device, what the engine writes): what is for the host goes up the parent's stack, as if it had come in there; what is for a
 *   group goes up and out; the rest goes out.
 *
 * What has a VLAN tag is another LAN's.
 */
import { PacketProgram } from "./packet-program.js";
import { REDIRECT, SKB_INGRESS_IFINDEX, SKB_VLAN_PRESENT, TC_ACT_UNSPEC } from "./program.js";
const CLONE_REDIRECT = 13, // enum bpf_func_id
UPWARDS = 1; // BPF_F_INGRESS
/** Stack: the two MACs of a frame, and a key of `stations`. */
const DST = -32, SRC = -26, KEY = -8;
const MACS = 12, GROUP_BIT = 1;
class LanProgram extends PacketProgram {
    /** The MACs to the stack; goes to `next` with what has a tag. */
    macs() {
        this.load("u32", "r0", "r6", SKB_VLAN_PRESENT).jumpIf("r0", "!=", 0, "next");
        return this.loadBytes(0, DST, MACS, "next");
    }
    /** r7 = whose the MAC is, or 0. Defines `done`. */
    owner(mac, done) {
        for (let at = 0; at < 6; at += 2)
            this.copy("u16", KEY + at, mac + at);
        this.store("u16", "r10", KEY + 6, 0)
            .lookup("stations", KEY)
            .mov("r7", 0)
            .jumpIf("r0", "==", 0, done);
        return this.load("u32", "r7", "r0", 0).label(done);
    }
    ifGroup(then) {
        return this.load("u8", "r0", "r10", DST).alu("and", "r0", GROUP_BIT).jumpIf("r0", "!=", 0, then);
    }
    cloneTo(ifindex, flags) {
        return this.mov("r1", "r6").mov("r2", ifindex).mov("r3", flags).call(CLONE_REDIRECT);
    }
    sendTo(ifindex, flags) {
        return this.mov("r1", ifindex).mov("r2", flags).call(REDIRECT).exit();
    }
    next() {
        return this.label("next").mov("r0", TC_ACT_UNSPEC).exit().assemble();
    }
}
/** `lan` and `parent`: interface indices. */
export function lanInProgram(maps, lan) {
    const p = new LanProgram(maps).macs();
    p.owner(SRC, "sender").jumpIf("r7", "==", lan, "next"); // from the engine, which `lan_out` has sent up, or come back by a loop in the LAN
    return toStations(p, lan);
}
export function lanHostProgram(maps, lan) {
    const p = new LanProgram(maps);
    p.load("u32", "r0", "r6", SKB_INGRESS_IFINDEX).jumpIf("r0", "==", lan, "next"); // from the engine, on its way out
    return toStations(p.macs(), lan);
}
function toStations(p, lan) {
    p.ifGroup("group").owner(DST, "receiver").jumpIf("r7", "!=", lan, "next").sendTo(lan, 0);
    return p.label("group").cloneTo(lan, 0).next();
}
export function lanOutProgram(maps, parent) {
    const p = new LanProgram(maps).loadBytes(0, DST, MACS, "next");
    p.ifGroup("group").owner(DST, "receiver").jumpIf("r7", "!=", parent, "out").sendTo(parent, UPWARDS);
    return p.label("group").cloneTo(parent, UPWARDS).label("out").sendTo(parent, 0).next();
}
//# sourceMappingURL=lan-programs.js.map