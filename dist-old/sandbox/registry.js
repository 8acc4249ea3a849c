import { notRunning, sandboxError } from "./sandbox-errors.js";
import { parseLink } from "./sandbox-request.js";
export class SandboxRegistry {
    constructor() {
        this.byId = new Map();
    }
    all() {
        return [...this.byId.values()];
    }
    get(id) {
        return this.byId.get(id);
    }
    byName(name) {
        return this.all().find(({ record }) => record.name === name);
    }
    add(live) {
        this.byId.set(live.record.id, live);
    }
    remove({ record }) {
        this.byId.delete(record.id);
    }
    /** By name, id, or the start of an id. Throws TSP_ERR_SANDBOX: not-found, or conflict for the start of several ids. */
    find(word) {
        const exact = this.byName(word) ?? this.byId.get(word);
        if (exact !== undefined)
            return exact;
        const found = word === "" ? [] : this.all().filter(({ record }) => record.id.startsWith(word));
        if (found.length > 1)
            throw sandboxError("conflict", `multiple IDs found with provided prefix: ${word}`, "give more of it");
        if (found[0] === undefined)
            throw sandboxError("not-found", `No such sandbox: ${word}`, "see 'tsproxy ps -a'");
        return found[0];
    }
    /** As `find`; throws also for one that has ended. */
    running(word) {
        const live = this.find(word);
        if (live.record.exit !== undefined)
            throw notRunning(live.record);
        return live;
    }
    /** What `--link TEXT` of sandbox `own` means. */
    link(text, own) {
        const { name, alias } = parseLink(text);
        const { record } = this.find(name);
        if (record.exit !== undefined)
            throw sandboxError("conflict", `Cannot link to a non running container: /${name} AS /${own}/${alias}`);
        return { target: record.id, alias };
    }
    /** Those that are linked to it, and run. */
    linkedTo(id) {
        return this.all().filter(({ record }) => record.exit === undefined && record.links.some(({ target }) => target === id));
    }
}
//# sourceMappingURL=registry.js.map