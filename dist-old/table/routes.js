/**
 * Which address of the host's a packet is to have as its source. The host's kernel says so, which is asked about the very packet: routing rules,
 * tables, multipath and preferred sources are its own business. What it says is kept, by source and destination, until the host changes, but for no
 * longer than FRESH_SEC. For new flows only.
 *
 * Addresses are words (`wire/address-word.ts`). An IPv6 address may leave its table while an answer about it is kept, and its handle be another's
 * then: so answers about IPv6 are kept under the addresses themselves.
 */
import { isIpv6, NO_ADDRESS } from "../wire/address-word.js";
import { FOUND, isRefused, REFUSED_NO_ROUTE } from "../wire/route-answer.js";
export const FRESH_SEC = 10;
const SLOTS = 1 << 12, SLOTS6 = 1 << 11, WAY = 4, // words of a slot: source, destination, answer, second
ENDS = 8, 
// Source and destination, four each; protocol, by which the kernel shares out next hops; answer; second.
PROTO = ENDS, ANSWER = PROTO + 1, SECOND = ANSWER + 1, WAY6 = SECOND + 1;
export class Routes {
    /** `addresses`: where handles are from. Without a `routing` there is no way anywhere. `seed`: int32, random per process. */
    constructor(addresses, routing, seed) {
        this.addresses = addresses;
        this.routing = routing;
        this.seed = seed;
        /** Interface index of the uplink, by which the kernel gets what is sent on. */
        this.uplink = 0;
        this.slots = new Int32Array(SLOTS * WAY);
        this.slots6 = new Int32Array(SLOTS6 * WAY6);
        this.ends = new Int32Array(ENDS);
        /** Devices that nothing may be sent to. */
        this.refused = [];
        /** Answers hold for the very ports: nothing is kept. */
        this.exact = false;
    }
    /** The host has changed. */
    change(refused, exact) {
        this.refused = refused;
        this.exact = exact;
        this.slots.fill(0);
        for (let at = ANSWER; at < this.slots6.length; at += WAY6)
            this.addresses.release(this.slots6[at]);
        this.slots6.fill(0);
    }
    /**
     * The source that the host gives to what it sends on for `src`, which comes in by device `ingress` (0: the uplink), or a REFUSED_*. A handle holds
     * until the end of the batch. `now` in seconds.
     */
    via(src, dst, proto, ports, ingress, now) {
        const { routing, slots } = this;
        if (routing === undefined)
            return REFUSED_NO_ROUTE;
        const wayIn = ingress === 0 ? this.uplink : ingress;
        if (isIpv6(dst))
            return this.via6(routing, src, dst, proto, ports, wayIn, now);
        const at = this.slot(src, dst);
        if (slots[at] === src && slots[at + 1] === dst && slots[at + 3] > now - FRESH_SEC && !this.exact)
            return slots[at + 2];
        const answer = this.allowed(routing, src, routing.ask(src, dst, proto, ports, wayIn));
        slots[at] = src;
        slots[at + 1] = dst;
        slots[at + 2] = answer;
        slots[at + 3] = now;
        return answer;
    }
    /** The host's own address towards `dst`. */
    sourceTo(dst, now) {
        return this.via(0, dst, 0, 0, 0, now);
    }
    via6(routing, src, dst, proto, ports, wayIn, now) {
        const { addresses, ends, slots6 } = this;
        if (src === NO_ADDRESS)
            ends.fill(0, 0, 4);
        else
            addresses.copy(src, ends, 0);
        addresses.copy(dst, ends, 4);
        const at = ((addresses.hash(ends, 0) ^ Math.imul(addresses.hash(ends, 4) + proto, 0x9e3779b1)) & (SLOTS6 - 1)) * WAY6;
        if (this.isKept(at, proto) && slots6[at + SECOND] > now - FRESH_SEC && !this.exact)
            return slots6[at + ANSWER];
        const said = this.allowed(routing, src, routing.ask6(ends, proto, ports, wayIn));
        const handle = said === FOUND ? addresses.intern(routing.source6, 0) : said;
        const answer = handle === NO_ADDRESS ? REFUSED_NO_ROUTE : handle;
        addresses.hold(answer);
        addresses.release(slots6[at + ANSWER]);
        slots6.set(ends, at);
        slots6[at + PROTO] = proto;
        slots6[at + ANSWER] = answer;
        slots6[at + SECOND] = now;
        return answer;
    }
    isKept(at, proto) {
        const { ends, slots6 } = this;
        for (let k = 0; k < ENDS; k++)
            if (slots6[at + k] !== ends[k])
                return false;
        return slots6[at + PROTO] === proto;
    }
    /** The host itself goes everywhere. */
    allowed(routing, src, said) {
        return src === NO_ADDRESS || isRefused(said) || !this.refused.includes(routing.device) ? said : REFUSED_NO_ROUTE;
    }
    slot(src, dst) {
        const h = Math.imul(dst ^ this.seed, 0x9e3779b1) ^ Math.imul(src, 0x85ebca6b);
        return ((h ^ (h >>> 15)) & (SLOTS - 1)) * WAY;
    }
}
//# sourceMappingURL=routes.js.map