/** What `--bandwidth` says: `egress=10mbit,ingress=1gbit:100kbit`, each a rate and, if it is to be another than the usual one, a burst. */
import { TsproxyError } from "../errors.js";
/** As tc(8) has them, and without `bit`. */
const UNITS = { "": 1, k: 1e3, m: 1e6, g: 1e9 };
const QUANTITY = /^(\d+(?:\.\d+)?)([kmg]?)(?:bit)?$/i;
/** Of the rate: what goes in 10 ms. */
const USUAL_BURST = 0.01;
const MAX = 1e15;
/** Throws TSP_ERR_USAGE. */
export function parseBandwidth(text) {
    const limits = {};
    for (const word of text.split(",")) {
        const [, direction, value] = /^(egress|ingress)=(.*)$/.exec(word) ?? [];
        if (direction === undefined || value === undefined)
            throw wrong(`'${word}' is neither egress=RATE nor ingress=RATE`);
        if (limits[direction] !== undefined)
            throw wrong(`${direction} is there twice`);
        limits[direction] = parseRate(value);
    }
    return limits;
}
function parseRate(text) {
    const colon = text.indexOf(":");
    const rate = bits(colon === -1 ? text : text.slice(0, colon));
    return { rate, burst: colon === -1 ? Math.max(1, Math.round(rate * USUAL_BURST)) : bits(text.slice(colon + 1)) };
}
function bits(text) {
    const [, number = "", unit = ""] = QUANTITY.exec(text) ?? [];
    const value = Math.round(Number(number) * UNITS[unit.toLowerCase()]);
    if (number === "" || value < 1 || value > MAX)
        throw wrong(`'${text}' is no number of bits`);
    return value;
}
function wrong(what) {
    return new TsproxyError("TSP_ERR_USAGE", "invalid", `--bandwidth: ${what}`, "write it like egress=10mbit,ingress=1gbit");
}
//# sourceMappingURL=bandwidth.js.map