/** The init of a sandbox, wherever it was started: watched until it ends, by a descriptor, so that no other process is taken for it. */
import { closeSync, readFileSync } from "node:fs";
import { native } from "../sys/native.js";
const SIGKILL = 9;
export class Process {
    constructor(fd, onEnd) {
        this.fd = fd;
        this.handle = native.watch(fd, () => {
            this.close();
            onEnd();
        });
    }
    /** Calls back once, when it has ended. Undefined: there is no such process; with `startTime` that of an earlier one does not count. */
    static watch(pid, startTime, onEnd) {
        const fd = native.pidfdOpen(pid);
        if (fd < 0)
            return undefined;
        const same = startTime === undefined || startTimeOf(pid) === startTime;
        if (same)
            return new Process(fd, onEnd);
        closeSync(fd);
        return undefined;
    }
    /** False when it has ended. */
    signal(signal) {
        return this.handle !== undefined && native.pidfdSignal(this.fd, signal) === 0;
    }
    kill() {
        return this.signal(SIGKILL);
    }
    /** It is watched no more. */
    close() {
        if (this.handle === undefined)
            return;
        native.unwatch(this.handle);
        this.handle = undefined;
        closeSync(this.fd);
    }
}
/** When the process started, in clock ticks since the boot (proc(5), field 22 of stat); undefined where there is none. */
export function startTimeOf(pid) {
    try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]; // the name before may hold blanks
    }
    catch {
        return undefined;
    }
}
//# sourceMappingURL=process.js.map