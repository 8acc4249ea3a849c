/** Asks whether a TCP server answers, without its program noticing (decision 0054). */
import { closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoName, native } from "../sys/native.js";
/** Looked again after so long, then after twice as long, and so on: a neighbour answers at once, and one that does not costs little. */
const FIRST_LOOK_MS = 1, LONGEST_LOOK_MS = 50;
/** The question could not be put. */
const UNASKED = new Set(["EMFILE", "ENFILE", "ENOBUFS", "EADDRNOTAVAIL", "EPERM", "EACCES"]);
export function meaningOf(code) {
    if (code === "ECONNREFUSED")
        return "refused";
    return code !== undefined && UNASKED.has(code) ? "unknown" : "silent";
}
/** Never rejects. */
export async function knockAt(address, port, timeoutMs) {
    const fd = native.knock(address, port);
    if (fd < 0)
        return meaningOf(errnoName(fd));
    try {
        const deadline = performance.now() + timeoutMs;
        for (let wait = FIRST_LOOK_MS;; wait = Math.min(wait * 2, LONGEST_LOOK_MS)) {
            const said = native.knocked(fd);
            if (said !== 0)
                return said > 0 ? "answers" : meaningOf(errnoName(said));
            const left = deadline - performance.now();
            if (left <= 0)
                return "silent";
            await sleep(Math.min(wait, left), undefined, { ref: false });
        }
    }
    finally {
        closeSync(fd);
    }
}
//# sourceMappingURL=knock.js.map