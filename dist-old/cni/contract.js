/** What CNI asks of a plugin (spec 1.1.0, SPEC.md), and what container runtimes make of it. */
import { TsproxyError } from "../errors.js";
export const VERSIONS = ["0.3.1", "0.4.0", "1.0.0", "1.1.0"];
/** Of the specification, section 3; from 100 a plugin's own. */
export const CODES = {
    incompatibleVersion: 1,
    unsupportedField: 2,
    unknownContainer: 3,
    invalidEnvironment: 4,
    decodingFailure: 6,
    invalidConfig: 7,
    invalidNetns: 8,
    tryAgain: 11,
    conflict: 100,
    internal: 999,
};
export class CniError extends Error {
    constructor(code, message, details = "") {
        super(message);
        this.code = code;
        this.details = details;
    }
    /** As the plugin answers it. */
    body(cniVersion) {
        return { cniVersion, code: this.code, msg: this.message, details: this.details };
    }
    static of(error) {
        if (error instanceof CniError)
            return error;
        const { code, kind, message, hint = "" } = TsproxyError.of(error);
        return new CniError(code === "TSP_ERR_NETNS" ? CODES.invalidNetns : BY_KIND[kind], message, hint);
    }
}
const BY_KIND = {
    invalid: CODES.invalidConfig,
    "not-found": CODES.unknownContainer,
    conflict: CODES.conflict,
    permission: CODES.internal,
    unavailable: CODES.tryAgain,
    internal: CODES.internal,
};
const NEEDED = {
    ADD: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
    CHECK: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
    DEL: ["CNI_CONTAINERID", "CNI_IFNAME"],
    GC: [],
    STATUS: [],
};
/** Since when a runtime may call it. */
const SINCE = { CHECK: "0.4.0", GC: "1.1.0", STATUS: "1.1.0" };
/** Throws CniError with the texts of the helper that most plugins are made with (`skel`). */
export function parseEnvironment(env) {
    const command = env.CNI_COMMAND ?? "";
    const needed = NEEDED[command];
    if (needed === undefined)
        throw new CniError(CODES.invalidEnvironment, `unknown CNI_COMMAND: ${command}`);
    const missing = needed.filter((name) => (env[name] ?? "") === "");
    if (missing.length > 0)
        throw new CniError(CODES.invalidEnvironment, `required env variables [${missing.join(",")}] missing`);
    const containerId = env.CNI_CONTAINERID ?? "";
    const ifname = env.CNI_IFNAME ?? "";
    if (containerId !== "" && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(containerId))
        throw new CniError(CODES.invalidEnvironment, "invalid characters in containerID", containerId);
    if (ifname.length > 15)
        throw new CniError(CODES.invalidEnvironment, "interface name is too long", "interface name should be less than 16 characters");
    if (ifname === "." || ifname === "..")
        throw new CniError(CODES.invalidEnvironment, "interface name is . or ..");
    if (/[/:\s]/.test(ifname))
        throw new CniError(CODES.invalidEnvironment, "interface name contains / or : or whitespace characters", ifname);
    const args = parseArgs(env.CNI_ARGS ?? "", command === "ADD");
    return { command, containerId, netns: env.CNI_NETNS ?? "", ifname, args, path: (env.CNI_PATH ?? "").split(":") };
}
/** Those that we know; `K8S_` and what follows it is a pod's. */
const KNOWN_ARGS = /^(IgnoreUnknown|IP|MAC|K8S_.*)$/;
const TRUE = /^(1|true)$/i;
/** `K=V;K=V`. `strict`: others than the known ones are refused, unless one of them is `IgnoreUnknown=1`; what is to be taken away goes in any case. */
function parseArgs(text, strict) {
    const args = new Map();
    for (const pair of text.split(";").filter((word) => word !== "")) {
        const equals = pair.indexOf("=");
        if (equals < 1 && strict)
            throw new CniError(CODES.invalidEnvironment, `ARGS: invalid pair "${pair}"`);
        if (equals >= 1)
            args.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    const unknown = [...args].filter(([key]) => !KNOWN_ARGS.test(key)).map(([key, value]) => JSON.stringify(`${key}=${value}`));
    if (strict && unknown.length > 0 && !TRUE.test(args.get("IgnoreUnknown") ?? ""))
        throw new CniError(CODES.invalidEnvironment, `ARGS: unknown args [${unknown.join(" ")}]`);
    return args;
}
/** Throws CniError for a version that is not spoken, or that does not have the command. */
export function checkVersion(command, version) {
    const since = SINCE[command];
    if (since !== undefined && isBefore(version, since))
        throw new CniError(CODES.incompatibleVersion, `config version does not allow ${command}`);
    if (since !== undefined && isBefore(VERSIONS.at(-1), version))
        throw new CniError(CODES.incompatibleVersion, `plugin version does not allow ${command}`);
    if (!VERSIONS.includes(version))
        throw new CniError(CODES.incompatibleVersion, "incompatible CNI versions", `config is ${JSON.stringify(version)}, plugin supports ${JSON.stringify(VERSIONS)}`);
}
function isBefore(one, other) {
    const [a, b] = [one, other].map((text) => text.split(".").map(Number));
    const at = a.findIndex((part, i) => part !== b[i]);
    return at !== -1 && a[at] < (b[at] ?? 0);
}
//# sourceMappingURL=contract.js.map