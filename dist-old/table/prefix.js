/** A prefix of either family in raw words, to which words of `wire/address-word.ts` belong or do not. */
import { isIpv6, rowOf } from "../wire/address-word.js";
import { rawMask } from "../wire/raw.js";
import { rawWords } from "./addresses.js";
export class Prefix {
    constructor({ address, prefixLength }) {
        this.isIpv6 = address.family === 6;
        this.mask = Int32Array.from(rawWords(address), (_, i) => rawMask(Math.min(Math.max(prefixLength - 32 * i, 0), 32)));
        this.net = rawWords(address).map((word, i) => word & this.mask[i]);
    }
    /** `addresses`: where the handle, if it is one, is from. */
    has(address, addresses) {
        const { net, mask } = this;
        if (isIpv6(address) !== this.isIpv6)
            return false;
        if (!this.isIpv6)
            return (address & mask[0]) === net[0];
        const { words } = addresses;
        const w = rowOf(address) << 2;
        for (let k = 0; k < 4; k++)
            if ((words[w + k] & mask[k]) !== net[k])
                return false;
        return true;
    }
}
//# sourceMappingURL=prefix.js.map