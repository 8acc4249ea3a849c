/** What networks on a LAN can be told, by `tsproxy network create -d macvlan` and Docker's `-d tsproxy -o tsproxy.type=macvlan`, and Docker's words for what is wrong with it. */
import { TsproxyError } from "../errors.js";
import { readOption } from "./driver-options.js";
/** Driver of networks that stand on a LAN, as Docker calls it. */
export const MACVLAN = "macvlan";
const PARENT = "parent", MODE = "macvlan_mode", MTU = "com.docker.network.driver.mtu", INTERFACE_PREFIX = "com.docker.network.container_iface_prefix", HOST_BINDING = "com.docker.network.bridge.host_binding_ipv4";
/** Of bridges, those that mean the same here. */
const SHARED = [MTU, INTERFACE_PREFIX, HOST_BINDING];
/** Sets what the options mean; throws TSP_ERR_DRIVER_OPTION, TSP_ERR_NETWORK (invalid). */
export function readMacvlanOptions(options, typed) {
    if (options.internal)
        throw invalid("a macvlan network stands on a LAN, so it is not internal", "use -d bridge --internal");
    for (const [key, value] of Object.entries(typed)) {
        if (key === PARENT)
            continue;
        if (key === MODE)
            readMode(options, value);
        else if (SHARED.includes(key))
            readOption(options, key, value);
        else
            throw new TsproxyError("TSP_ERR_DRIVER_OPTION", "invalid", `option ${key} is not supported in macvlan networks`, `supported are ${[PARENT, MODE, ...SHARED].join(", ")}`);
    }
    const parent = typed[PARENT] ?? "";
    if (parent === "")
        throw invalid("a macvlan network needs a parent interface", "name the host's device on the LAN: -o parent=eth0");
    return { parent };
}
function readMode(options, mode) {
    if (mode === "vepa" || mode === "passthru")
        throw invalid(`macvlan mode '${mode}' is not supported`, "use bridge, or private, in which endpoints do not reach each other");
    if (mode !== "bridge" && mode !== "private" && mode !== "")
        throw invalid(`requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`, "use bridge or private");
    options.icc = mode !== "private";
}
function invalid(message, hint) {
    return new TsproxyError("TSP_ERR_NETWORK", "invalid", message, hint);
}
//# sourceMappingURL=macvlan-options.js.map