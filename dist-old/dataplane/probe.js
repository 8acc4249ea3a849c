import { EGRESS_PORT, HELD, PHASES } from "../table/conntrack.js";
import { isIpv6 } from "../wire/address-word.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import * as vnet from "../wire/vnet.js";
/** Questions a second. */
const PER_SEC = 10_000;
const TTL = 64;
const SIZE = l4.TCP_MIN_HEADER_SIZE;
export class Probes {
    constructor() {
        this.ids = [];
        this.next = 0; // twice the index in `ids`, plus the direction
        this.budget = PER_SEC;
    }
    /** Flow `id` is to be asked about; not in the packet path. */
    add(id) {
        this.ids.push(id);
    }
    /** Once a second. */
    tick() {
        this.budget = PER_SEC;
    }
    /** There is something to ask now. */
    get due() {
        return this.next < 2 * this.ids.length && this.budget > 0;
    }
    /** Fills the batch with questions, as if each end of a flow had sent one to the other. Answers how many. */
    fill(b, tables) {
        if (b.moved)
            b.reset();
        let n = 0;
        for (; n < b.memory.slots && this.due; this.next++) {
            const id = this.ids[this.next >> 1];
            if (!isTcpHeld(tables, id))
                continue; // it has ended, or another flow has its row
            put(b, n++, tables, id, this.next & 1);
            this.budget--;
        }
        if (this.next >= 2 * this.ids.length) {
            this.ids.length = 0;
            this.next = 0;
        }
        b.count = n;
        return n;
    }
}
function isTcpHeld({ conntrack }, id) {
    return conntrack.isLive(id) && conntrack.protocol(id) === ipv4.PROTO_TCP && PHASES[conntrack.state(id)] === HELD;
}
/** Makes frame `i` an acknowledgment of direction `dir` of the flow. */
function put(b, i, { conntrack, addresses, random }, id, dir) {
    const { bytes, halves, words } = b.memory;
    const at = b.at[i];
    const ip = at + vnet.HEADER_SIZE + eth.HEADER_SIZE;
    const src = conntrack.tuple(id, dir, 0);
    const dst = conntrack.tuple(id, dir, 1);
    const v6 = isIpv6(dst);
    const header = v6 ? ipv6.HEADER_SIZE : ipv4.MIN_HEADER_SIZE;
    for (let k = at; k < ip; k++)
        bytes[k] = 0;
    vnet.emit(halves, at);
    eth.setType(halves, ip - eth.HEADER_SIZE, v6 ? eth.TYPE_IPV6 : eth.TYPE_IPV4);
    if (v6) {
        ipv6.emit(bytes, halves, words, ip, SIZE, ipv4.PROTO_TCP, TTL);
        addresses.copy(src, words, (ip >> 2) + ipv6.SRC_WORD);
        addresses.copy(dst, words, (ip >> 2) + ipv6.DST_WORD);
    }
    else {
        ipv4.emit(bytes, halves, words, ip, header + SIZE, TTL, ipv4.PROTO_TCP, src, dst);
    }
    const pseudo = v6 ? ipv6.pseudoSum(words, ip, ipv4.PROTO_TCP, SIZE) : ipv4.pseudoSum(words, ip, ipv4.PROTO_TCP, SIZE);
    // What is acknowledged is what was last, as far as it is known.
    l4.emitReset(bytes, halves, words, ip + header, conntrack.tuple(id, dir, 2), random(), conntrack.acked(id, dir), l4.TCP_ACK, pseudo);
    b.ingress[i] = conntrack.egress(id, dir ^ 1) & EGRESS_PORT;
    b.len[i] = eth.HEADER_SIZE + header + SIZE;
    b.tail[i] = -1;
    b.device[i] = 0;
}
//# sourceMappingURL=probe.js.map