/** Addresses that another plugin manages (CNI spec, section 4): it is run as a runtime runs one. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { formatPrefix, parsePrefix } from "../wire/ip-address.js";
import { CniError, CODES } from "./contract.js";
const TIMEOUT_MS = 10_000;
/** What the plugin gives, one a family at most. Throws CniError: what the plugin says, or that there is none. */
export async function lease(type, config, environment) {
    const { ips = [] } = await delegate("ADD", type, config, environment);
    const leases = ips.map(({ address = "", gateway }) => {
        const prefix = parsePrefix(address);
        if (prefix === null)
            throw new CniError(CODES.internal, `the address '${address}' of the IPAM plugin is none`);
        return { family: prefix.address.family, address: address.replace(/\/.*/, ""), subnet: formatPrefix(prefix), gateway };
    });
    if (leases.length === 0)
        throw new CniError(CODES.internal, "IPAM plugin returned missing IP config", type);
    if (new Set(leases.map(({ family }) => family)).size < leases.length)
        throw new CniError(CODES.unsupportedField, `plugin ${type} gives several addresses of one family`, "let it give one of each");
    return leases;
}
/** The same for calls that answer nothing. */
export async function release(type, config, environment) {
    await delegate("DEL", type, config, environment);
}
/** Plugins of before version 1.1 know neither GC nor STATUS: then there is nothing to do. */
export async function passOn(command, type, config, environment) {
    await delegate(command, type, config, environment).catch((error) => {
        if (command === "CHECK" || !(error instanceof CniError) || !error.message.startsWith("unknown CNI_COMMAND"))
            throw error;
    });
}
async function delegate(command, type, config, environment) {
    const file = environment.path.map((folder) => join(folder, type)).find((each) => each.startsWith("/") && existsSync(each));
    if (file === undefined || type.includes("/"))
        throw new CniError(CODES.invalidConfig, `failed to find plugin "${type}" in path [${environment.path.join(" ")}]`);
    const env = {
        CNI_COMMAND: command,
        CNI_CONTAINERID: environment.containerId,
        CNI_NETNS: environment.netns,
        CNI_IFNAME: environment.ifname,
        CNI_ARGS: [...environment.args].map(([key, value]) => `${key}=${value}`).join(";"),
        CNI_PATH: environment.path.join(":"),
        PATH: process.env.PATH ?? "",
    };
    const { failed, stdout, stderr } = await run(file, env, config);
    const answer = parse(stdout);
    if (!failed)
        return answer;
    const code = typeof answer.code === "number" ? answer.code : CODES.internal;
    throw new CniError(code, String(answer.msg ?? `plugin ${type} failed: ${stderr || stdout}`), String(answer.details ?? ""));
}
function run(file, env, input) {
    return new Promise((resolve) => {
        const child = execFile(file, { env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => resolve({ failed: error !== null, stdout, stderr }));
        child.stdin?.on("error", () => { }); // it ended before it read all
        child.stdin?.end(input);
    });
}
function parse(text) {
    try {
        return (JSON.parse(text) ?? {});
    }
    catch {
        return {};
    }
}
//# sourceMappingURL=ipam.js.map