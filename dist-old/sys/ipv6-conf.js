/** net.ipv6.conf of a device. Netlink does not set it, so it is written to /proc. */
import fs from "node:fs";
import { native } from "./native.js";
const ROOT = "/proc/sys/net/ipv6";
const FILES = {
    disableIpv6: "disable_ipv6",
    forwarding: "forwarding",
    acceptRa: "accept_ra",
    acceptRedirects: "accept_redirects",
    acceptDad: "accept_dad",
    forceForwarding: "force_forwarding",
};
const KEYS = Object.keys(FILES);
/** Whether the kernel has IPv6, switched on for devices or not. */
export function hasIpv6() {
    return fs.existsSync(ROOT);
}
/**
 * `nsFd`: the device's namespace (-1: the caller's). False where it could not be set: /proc/sys is read-only, or the device is gone. A kernel
 * without IPv6 needs none of it, which is true.
 */
export function setIpv6Conf(device, conf, nsFd = -1) {
    if (!hasIpv6())
        return true;
    return KEYS.every((name) => {
        const value = conf[name];
        if (value === undefined || (name === "forceForwarding" && !fs.existsSync(`${ROOT}/conf/all/${FILES[name]}`)))
            return true;
        return native.writeIn(`${ROOT}/conf/${device}/${FILES[name]}`, `${value}`, nsFd) === 0;
    });
}
/** Whether a device of the caller's namespace has all of these settings. True for a device that has none, as one that is gone. */
export function hasIpv6Conf(device, conf) {
    return KEYS.every((name) => {
        if (conf[name] === undefined)
            return true;
        try {
            return Number(fs.readFileSync(`${ROOT}/conf/${device}/${FILES[name]}`, "utf8")) === conf[name];
        }
        catch {
            return true;
        }
    });
}
//# sourceMappingURL=ipv6-conf.js.map