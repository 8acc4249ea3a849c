import { EGRESS_KEEP_TTL, EGRESS_PORT } from "../table/conntrack.js";
import { ENDPOINT, MAX_PORTS } from "../table/ports.js";
import { Tally } from "../table/tally.js";
import { isIpv6 } from "../wire/address-word.js";
import { ofBytes, ofIpv4 } from "../wire/ip-address.js";
import { rawWord } from "../wire/raw.js";
import { isIcmp } from "./packet.js";
/** What is in the way of a flow. */
export const NO_LIMIT = 0, LIMIT_CLIENT = 1, LIMIT_ENDPOINT = 2, LIMIT_PORT = 3;
/** Slots of the sketches. Addresses: as many as the table has entries, up to MANY. */
const FEW = 1 << 10, MANY = 1 << 16;
const PORT_SLOTS = 1 << 12, TARGET_SLOTS = 1 << 14;
export class Limits {
    /** `sourcePorts`: how many there are towards one target. */
    constructor(options, conntrack, addresses, ports, sourcePorts, random) {
        this.options = options;
        this.conntrack = conntrack;
        this.addresses = addresses;
        this.ports = ports;
        this.sourcePorts = sourcePorts;
        this.flowsByEndpoint = new Int32Array(MAX_PORTS);
        this.newByEndpoint = new Int32Array(MAX_PORTS);
        /** The client of the last refusal: its word, which says the family, and of IPv6 its address. */
        this.clientFamily = 0;
        this.clientWords = new Int32Array(4);
        /** Who was at each LIMIT_* last: holder, port number, service; -1: nobody yet. */
        this.last = new Float64Array(LIMIT_PORT + 1).fill(-1);
        const entries = 1 << Math.ceil(Math.log2(conntrack.capacity));
        const slots = Math.min(Math.max(entries, FEW), MANY);
        // A table full of flows from as many addresses adds some flows to what each is charged: too many only where somebody sets a small limit.
        this.flowsByClient = new Tally(options.flows.client === 0 ? slots : Math.max(slots, entries), random());
        this.newByClient = new Tally(slots, random());
        this.flowsByPort = new Tally(PORT_SLOTS, random());
        this.newByPort = new Tally(PORT_SLOTS, random());
        this.portsToTarget = new Tally(TARGET_SLOTS, random());
        this.portsByClient = new Tally(TARGET_SLOTS, random());
    }
    /** Another second has begun. */
    tick() {
        this.newByClient.clear();
        this.newByPort.clear();
        this.newByEndpoint.fill(0);
    }
    /** Counts one more new flow in this second, or says whose limit that would exceed. */
    countNew(flow) {
        const { client, endpoint, port } = this.options.newFlowsPerSec;
        const ingress = flow.replyEgress & EGRESS_PORT;
        if (this.ports.kind[ingress] === ENDPOINT) {
            if (this.newByEndpoint[ingress] >= endpoint)
                return LIMIT_ENDPOINT;
            this.newByEndpoint[ingress] = this.newByEndpoint[ingress] + 1;
        }
        else if (!isHosts(flow) && !this.newByClient.addUpTo(client, this.addresses.holder(flow.src))) {
            return LIMIT_CLIENT;
        }
        if (!isPublished(flow) || this.newByPort.addUpTo(port, serviceOf(flow.proto, flow.ports >>> 16)))
            return NO_LIMIT;
        return LIMIT_PORT;
    }
    /** Whose limit one more flow would exceed. */
    exceeded(flow) {
        const { client, endpoint, port } = this.options.flows;
        const lastEighth = this.conntrack.held * 8 >= this.conntrack.capacity * 7;
        const ingress = flow.replyEgress & EGRESS_PORT;
        if (this.ports.kind[ingress] === ENDPOINT) {
            if (this.isFull(this.flowsByEndpoint[ingress], endpoint, lastEighth))
                return LIMIT_ENDPOINT;
        }
        else if (!isHosts(flow) &&
            (client > 0 || lastEighth) &&
            this.isFull(this.flowsByClient.get(this.addresses.holder(flow.src)), client, lastEighth)) {
            return LIMIT_CLIENT;
        }
        if (!isPublished(flow) || (port === 0 && !lastEighth))
            return NO_LIMIT;
        return this.isFull(this.flowsByPort.get(serviceOf(flow.proto, flow.ports >>> 16)), port, lastEighth) ? LIMIT_PORT : NO_LIMIT;
    }
    /** Whether flow `id` counts for the limit that is in the way of `flow`. */
    sharesLimit(limit, flow, id) {
        const { addresses, conntrack } = this;
        if (limit === LIMIT_CLIENT)
            return addresses.holder(conntrack.tuple(id, 0, 0)) === addresses.holder(flow.src);
        if (limit === LIMIT_ENDPOINT)
            return ((conntrack.egress(id, 1) ^ flow.replyEgress) & EGRESS_PORT) === 0;
        return conntrack.isPublished(id) && conntrack.protocol(id) === flow.proto && (conntrack.tuple(id, 0, 2) ^ flow.ports) >>> 16 === 0;
    }
    /** The flow was refused, since that would have exceeded this limit. */
    refuse(limit, flow) {
        const client = this.addresses.holder(flow.src) >>> 0;
        if (limit === LIMIT_CLIENT)
            this.noteClient(flow.src);
        const service = serviceOf(flow.proto, flow.ports >>> 16);
        this.last[limit] = limit === LIMIT_CLIENT ? client : limit === LIMIT_ENDPOINT ? flow.replyEgress & EGRESS_PORT : service;
    }
    /** Address of the client that was refused last. */
    get lastClient() {
        return isIpv6(this.clientFamily) ? ofBytes(new Uint8Array(this.clientWords.slice().buffer)) : ofIpv4(rawWord(this.clientFamily));
    }
    /** Its handle may soon be another's. */
    noteClient(address) {
        this.clientFamily = address;
        if (isIpv6(address))
            this.addresses.copy(address, this.clientWords, 0);
    }
    /** Who was at this limit last, as `refuse` notes it; -1: nobody yet. */
    lastRefused(limit) {
        return this.last[limit];
    }
    /** Whether the opener of the flow may have one more source port to its target. */
    mayTakePort({ proto, src, replySrc, replyDst, replyPorts }) {
        const service = serviceOf(proto, replyPorts & 0xffff);
        if (this.portsToTarget.get(replySrc, replyDst, service) * 8 < this.sourcePorts * 7)
            return true;
        return this.portsByClient.get(replySrc, this.addresses.holder(src), service) * 2 < this.sourcePorts;
    }
    /** Flows that this address has opened and that are not CLOSED. */
    flowsOf(address) {
        return this.flowsByClient.get(this.addresses.holder(address));
    }
    /** Flow `id` counts from now on. */
    hold(id) {
        this.count(id, 1);
    }
    /** Flow `id` counts no longer. */
    release(id) {
        this.count(id, -1);
    }
    isFull(flows, limit, lastEighth) {
        return limit === 0 ? lastEighth && flows * 2 >= this.conntrack.capacity : flows >= limit;
    }
    count(id, n) {
        const { conntrack } = this;
        const proto = conntrack.protocol(id);
        const client = this.addresses.holder(conntrack.tuple(id, 0, 0));
        const ingress = conntrack.egress(id, 1) & EGRESS_PORT;
        this.flowsByClient.add(n, client);
        this.flowsByEndpoint[ingress] = this.flowsByEndpoint[ingress] + n;
        if (conntrack.isPublished(id))
            this.flowsByPort.add(n, serviceOf(proto, conntrack.tuple(id, 0, 2) >>> 16));
        if (!conntrack.hasOtherSource(id))
            return;
        const target = conntrack.tuple(id, 1, 0);
        const service = serviceOf(proto, conntrack.tuple(id, 1, 2) & 0xffff);
        this.portsToTarget.add(n, target, conntrack.newSrc(id, 0), service);
        this.portsByClient.add(n, target, client, service);
    }
}
/** Opened by a program of the host itself. */
function isHosts(flow) {
    return (flow.replyEgress & EGRESS_KEEP_TTL) !== 0;
}
function isPublished(flow) {
    return flow.dst !== flow.replySrc;
}
/** A raw port with its protocol; ICMP has none. */
export function serviceOf(proto, port) {
    return isIcmp(proto) ? proto << 16 : port | (proto << 16);
}
//# sourceMappingURL=limits.js.map