/** Errors about sandboxes, in the words that Docker has for containers. */
import { TsproxyError } from "../errors.js";
import { shortId } from "../model/records.js";
export function sandboxError(kind, message, hint) {
    return new TsproxyError("TSP_ERR_SANDBOX", kind, message, hint);
}
export function notRunning({ id }) {
    return sandboxError("conflict", `sandbox ${id} is not running`, "see 'tsproxy ps -a'");
}
export function nameConflict(name, { id }) {
    return sandboxError("conflict", `Conflict. The sandbox name "${name}" is already in use by sandbox "${shortId(id)}"`, "You have to remove (or rename) that sandbox to be able to reuse that name.");
}
//# sourceMappingURL=sandbox-errors.js.map