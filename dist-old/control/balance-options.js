/** `--affinity` and `--health-check`: how new connections are spread over several targets of a published port. */
import { TsproxyError } from "../errors.js";
import { DEFAULT_CHECK } from "./health.js";
export const DEFAULT_BALANCE = { affinitySec: 0, check: DEFAULT_CHECK };
/** As Kubernetes has it by default, and at most (ClientIPConfig.timeoutSeconds). */
const DEFAULT_AFFINITY_SEC = 10_800, MAX_AFFINITY_SEC = 86_400;
const MAX_INTERVAL_SEC = 3600, MAX_COUNT = 100;
const UNITS = { ms: 0.001, "": 1, s: 1, m: 60, h: 3600 };
/** `none`, `client` or `client:TIME`. Seconds; 0 for none. Throws TSP_ERR_OPTION (invalid). */
export function parseAffinity(text) {
    const [kind = "", time, ...rest] = text.split(":");
    if (kind === "none" && time === undefined)
        return 0;
    if (kind !== "client" || rest.length > 0)
        throw invalid(`--affinity '${text}': not a kind of affinity`, "use none, client or client:TIME, like client:10m");
    if (time === undefined)
        return DEFAULT_AFFINITY_SEC;
    const sec = parseSeconds(time);
    if (sec === null || !Number.isInteger(sec) || sec < 1 || sec > MAX_AFFINITY_SEC)
        throw invalid(`--affinity '${text}': '${time}' is not a time that can be kept`, "use 1s to 24h, like client:10m");
    return sec;
}
/** `off`, or some of `interval=2s,timeout=1s,rise=2,fall=3,port=8080`. Throws TSP_ERR_OPTION (invalid). */
export function parseHealthCheck(text) {
    if (text === "off")
        return null;
    const fail = (problem, hint) => {
        throw invalid(`--health-check '${text}': ${problem}`, hint);
    };
    const form = "use off, or some of interval=2s,timeout=1s,rise=2,fall=3,port=8080";
    const said = new Map();
    for (const word of text.split(",")) {
        const [, key = "", value = ""] = /^([a-z]+)=(.+)$/.exec(word) ?? [];
        if (!["interval", "timeout", "rise", "fall", "port"].includes(key))
            fail(`'${word}' is nothing that a check has`, form);
        if (said.has(key))
            fail(`there are two of '${key}'`, "leave one of both out");
        said.set(key, value);
    }
    const ms = (key, least) => {
        const value = said.get(key);
        if (value === undefined)
            return undefined;
        const sec = parseSeconds(value);
        return sec !== null && sec >= least && sec <= MAX_INTERVAL_SEC
            ? sec * 1000
            : fail(`${key} '${value}' is not a time for it`, `use ${least * 1000}ms to 1h`);
    };
    const number = (key, max) => {
        const value = said.get(key);
        if (value === undefined)
            return undefined;
        return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= max
            ? Number(value)
            : fail(`${key} '${value}' is out of range`, `use 1 to ${max}`);
    };
    const intervalMs = ms("interval", 0.1) ?? DEFAULT_CHECK.intervalMs;
    const timeoutMs = ms("timeout", 0.01) ?? Math.min(DEFAULT_CHECK.timeoutMs, intervalMs);
    if (timeoutMs > intervalMs)
        fail("the timeout is longer than the interval", "give a longer interval, or a shorter timeout");
    return {
        intervalMs,
        timeoutMs,
        rise: number("rise", MAX_COUNT) ?? DEFAULT_CHECK.rise,
        fall: number("fall", MAX_COUNT) ?? DEFAULT_CHECK.fall,
        port: number("port", 65_535) ?? null,
    };
}
/** `90`, `90s`, `10m`, `3h`, `500ms` as seconds; null: it is no time. */
export function parseSeconds(text) {
    const [, digits, unit = ""] = /^(\d{1,7})(ms|s|m|h)?$/.exec(text) ?? [];
    return digits === undefined ? null : Number(digits) * UNITS[unit];
}
function invalid(message, hint) {
    return new TsproxyError("TSP_ERR_OPTION", "invalid", message, hint);
}
//# sourceMappingURL=balance-options.js.map