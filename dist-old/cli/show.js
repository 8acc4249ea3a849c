import { parseInteger } from "../standalone/options.js";
export const stdout = (text) => process.stdout.write(text);
const MAX_PID = 1 << 22; // PID_MAX_LIMIT, include/linux/threads.h
export function addShowOptions(command) {
    return command.option("--json", "Print JSON").option("--pid <pid>", "Ask this instance, when several run");
}
export function parseShow({ json = false, pid }) {
    return { json, pid: pid === undefined ? undefined : parseInteger("--pid", pid, 1, MAX_PID) };
}
/** Asks the instance that is meant, and prints the answer as JSON or as `format` puts it. */
export async function show({ json, pid }, write, load, format) {
    const [client, { pickInstance }] = await Promise.all([import("../api/client.js"), import("../api/instances.js")]);
    const view = await load(client, await pickInstance(pid));
    write(json ? `${JSON.stringify(view, null, 2)}\n` : format(view));
}
//# sourceMappingURL=show.js.map