/** What has been done and how to undo it, newest first: for a failure half-way and for an orderly end alike. */
import { log } from "../log.js";
export class Undo {
    constructor() {
        this.steps = [];
    }
    add(what, undo) {
        this.steps.push({ what, undo });
    }
    /** Undoes everything; a step that fails is reported and does not stop the others. */
    async run() {
        for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
            try {
                await step.undo();
            }
            catch (error) {
                log.warn(`cannot undo '${step.what}': ${error.message}`);
            }
        }
    }
}
//# sourceMappingURL=undo.js.map