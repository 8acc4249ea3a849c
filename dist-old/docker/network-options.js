/** The options of CreateNetwork: of a bridge, or with `tsproxy.type` of another kind of network. */
import { TsproxyError } from "../errors.js";
import { DEFAULT_OPTIONS } from "../model/records.js";
import { readOption } from "./driver-options.js";
import { MACVLAN, readMacvlanOptions } from "./macvlan-options.js";
const TYPE = "tsproxy.type";
/** From the `Options` of CreateNetwork; `lan`: of a network that stands on one. Throws TSP_ERR_DRIVER_OPTION, TSP_ERR_NETWORK (invalid). */
export function parseNetworkOptions(message) {
    const options = { ...DEFAULT_OPTIONS, internal: message.flag("com.docker.network.internal", false) };
    const generic = message.object("com.docker.network.generic");
    const { [TYPE]: type = "bridge", ...typed } = Object.fromEntries(generic.keys().map((key) => [key, generic.optionalText(key)]));
    if (type === MACVLAN)
        return { options, lan: readMacvlanOptions(options, typed) };
    if (type !== "bridge")
        throw new TsproxyError("TSP_ERR_DRIVER_OPTION", "invalid", `option ${TYPE}: '${type}' is not valid`, `use bridge or ${MACVLAN}`);
    for (const [key, value] of Object.entries(typed))
        readOption(options, key, value);
    return { options };
}
//# sourceMappingURL=network-options.js.map