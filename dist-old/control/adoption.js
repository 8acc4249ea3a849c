import { log } from "../log.js";
/** So long a flow waits for what it needs: launchers come back within a second, and a client's TCP is patient for longer than this. */
const PATIENCE_MS = 10_000;
/** Ports that come together are looked at together. */
const TOGETHER_MS = 20;
export class Adoption {
    constructor(workers, files) {
        this.workers = workers;
        this.files = files;
        this.deadline = 0;
        this.waiting = false;
    }
    /** What is there is there now. `all`: nothing more will come, so what waits still is given up. */
    async begin(all) {
        if (this.files === undefined || this.files.former.length === 0)
            return;
        this.waiting = true;
        this.deadline = performance.now() + PATIENCE_MS;
        await this.look(all);
    }
    /** Something was published, or a network or an endpoint was made. */
    soon() {
        if (this.waiting)
            this.lookIn(TOGETHER_MS);
    }
    close() {
        this.waiting = false;
        clearTimeout(this.timer);
    }
    lookIn(ms) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.look(performance.now() >= this.deadline), ms);
    }
    async look(last) {
        const sum = await this.workers.adopt(last);
        if (!this.waiting)
            return;
        if (sum.left > 0)
            this.lookIn(Math.max(0, this.deadline - performance.now()));
        else
            this.end(sum);
    }
    end({ taken, lost }) {
        this.close();
        this.files?.endFormer(taken > 0);
        log.info(`flows of the process before: ${taken} go on${lost > 0 ? `, ${lost} could not` : ""}`);
    }
}
//# sourceMappingURL=adoption.js.map