/**
 * The typed face of the addon in `native/`, and the only code that loads its `.node` file.
 * Set-up calls throw a `TsproxyError`; calls that say so return a count or `-errno`.
 */
import { createRequire } from "node:module";
import os from "node:os";
import { TsproxyError } from "../errors.js";
import { addonFile, BUILD_COMMAND, platformName } from "./native-files.js";
// Aliases come later in the list (EWOULDBLOCK after EAGAIN), so the first name of a number wins.
const ERRNO_NAMES = new Map(Object.entries(os.constants.errno)
    .reverse()
    .map(([name, n]) => [n, name]));
ERRNO_NAMES.set(77, "EBADFD");
ERRNO_NAMES.set(524, "ENOTSUPP");
/** "EPERM" for 1 (or -1). */
export function errnoName(errno) {
    return ERRNO_NAMES.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;
}
const HINTS = {
    EPERM: "run as root, or grant CAP_NET_ADMIN (and CAP_BPF, CAP_SYS_ADMIN for namespaces)",
    EACCES: "run as root, or grant CAP_NET_ADMIN (and CAP_BPF, CAP_SYS_ADMIN for namespaces)",
    ENOENT: "does it exist? for /dev/net/tun: 'modprobe tun', or give the container --device /dev/net/tun",
    ENODEV: "does it exist? for /dev/net/tun: 'modprobe tun', or give the container --device /dev/net/tun",
    EBUSY: "another program uses it",
    EEXIST: "it exists already",
    EMFILE: "too many open files: raise 'ulimit -n'",
    ENFILE: "too many open files on this host: raise fs.file-max",
    ENOMEM: "not enough memory, or the locked-memory limit is too low ('ulimit -l')",
};
/** The kind of a system call's failure. */
export function systemErrorKind(errno) {
    const name = errnoName(errno);
    if (name === "EPERM" || name === "EACCES")
        return "permission";
    return name === "EBUSY" || name === "EEXIST" || name === "EADDRINUSE" ? "conflict" : "unavailable";
}
/** Error for a system call that failed with `errno` (either sign): names the call, the errno and what to do. */
export function systemError(call, errno, hint) {
    const name = errnoName(errno);
    return new TsproxyError("TSP_ERR_SYSCALL", systemErrorKind(errno), `${call} failed (${name})`, hint ?? HINTS[name]);
}
function load() {
    const file = addonFile();
    if (file === null)
        throw addonError(`there is no compiled addon for ${platformName()}`);
    let raw;
    try {
        raw = createRequire(import.meta.url)(file);
    }
    catch (cause) {
        throw addonError(`the addon ${file} cannot be loaded: ${cause.message}`, cause);
    }
    // Set-up calls throw a plain Error with errno and syscall; give it a name and a hint. Packet calls are left untouched.
    const wrapped = { ...raw };
    for (const name of Object.keys(raw)) {
        if (name === "ioReceive" || name === "ioTransmit")
            continue;
        const call = raw[name];
        wrapped[name] = (...args) => {
            try {
                return call(...args);
            }
            catch (error) {
                const { errno, syscall } = error;
                throw errno === undefined || syscall === undefined ? error : systemError(syscall, errno);
            }
        };
    }
    return wrapped;
}
function addonError(message, cause) {
    return new TsproxyError("TSP_ERR_ADDON", "unavailable", message, `compile it: ${BUILD_COMMAND} (needs a C compiler)`, cause);
}
export const native = load();
//# sourceMappingURL=native.js.map