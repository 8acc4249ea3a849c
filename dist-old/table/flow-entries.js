/**
 * Entries of the steering's map `flows`, `flows6` or `across` (`wire/flow-entry.ts`), to be made or taken out: collected by the stages, given to the kernel by
 * the engine in one call. Keys and values lie one after another, as the kernel takes them. Memory taken up front.
 */
import { FLOW_KEY_SIZE, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../wire/flow-entry.js";
export class FlowEntries {
    /** `capacity`: entries at a time. `addresses`: of IPv6 entries, where their addresses' handles are from. `valueSize`: in bytes. */
    constructor(capacity, addresses, valueSize = addresses === undefined ? FLOW_VALUE_SIZE : FLOW6_VALUE_SIZE) {
        this.capacity = capacity;
        this.addresses = addresses;
        /** Set it back to 0 when they are given on. */
        this.count = 0;
        this.keyWords = (addresses === undefined ? FLOW_KEY_SIZE : FLOW6_KEY_SIZE) / 4;
        this.valueWords = valueSize / 4;
        this.keys = new Int32Array(capacity * this.keyWords);
        this.keyBytes = new Uint8Array(this.keys.buffer);
        this.values = new Int32Array(capacity * this.valueWords);
        this.valueBytes = new Uint8Array(this.values.buffer);
        this.valueHalves = new Uint16Array(this.values.buffer);
    }
    get isFull() {
        return this.count === this.capacity;
    }
    /** Adds a key with a value of zeros; answers where the value lies, in bytes. Addresses are words (`wire/address-word.ts`). */
    add(src, dst, ports, proto) {
        const { values, count, valueWords } = this;
        this.addKey(src, dst, ports, proto);
        values.fill(0, count * valueWords, (count + 1) * valueWords);
        return count * valueWords * 4;
    }
    /** The same without a value. */
    addKey(src, dst, ports, proto) {
        const { addresses, keys, keyWords } = this;
        let at = this.count++ * keyWords;
        if (addresses === undefined) {
            keys[at] = src;
            keys[at + 1] = dst;
            at += 2;
        }
        else {
            addresses.copy(src, keys, at);
            addresses.copy(dst, keys, at + 4);
            at += 8;
        }
        keys[at] = ports;
        keys[at + 1] = proto;
    }
}
//# sourceMappingURL=flow-entries.js.map