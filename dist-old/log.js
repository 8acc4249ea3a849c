const BURST = 50, PER_SEC = 5;
let sink = () => { };
let clock = () => performance.now();
/** Warnings that may still be said, and when that was last reckoned, in milliseconds. */
let room = BURST;
let reckonedAt = 0;
let leftOut = 0;
/** `now`: milliseconds, of a clock that never goes back. */
export function setLogSink(next, now = () => performance.now()) {
    sink = next;
    clock = now;
    room = BURST;
    reckonedAt = now();
    leftOut = 0;
}
function warn(message) {
    const now = clock();
    room = Math.min(BURST, room + ((now - reckonedAt) * PER_SEC) / 1000);
    reckonedAt = now;
    if (room < 1) {
        leftOut++;
        return;
    }
    room--;
    if (leftOut > 0)
        sink("warn", `${leftOut} warnings were left out: too many at once`);
    leftOut = 0;
    sink("warn", message);
}
export const log = {
    info: (message) => sink("info", message),
    warn,
    /** A fault of ours that ends nothing; with TSPROXY_DEBUG set, where it happened. */
    fault: (what, error) => {
        const { message, stack } = error instanceof Error ? error : new Error(String(error));
        warn(`internal error in ${what}: ${(process.env.TSPROXY_DEBUG && stack) || message}`);
    },
};
//# sourceMappingURL=log.js.map