/** Kinds of devices that a container or a virtual machine is behind, or nobody; of a VXLAN containers of other hosts. */
const VIRTUAL = new Set(["veth", "tun", "netkit", "vxlan", "dummy", "ifb"]);
export function isStubBridge(bridge, links, routes) {
    if (bridge.kind !== "bridge")
        return false;
    if (routes.some((route) => route.prefixLength === 0 && route.oif === bridge.index))
        return false;
    return links.every((link) => link.master !== bridge.index || VIRTUAL.has(link.kind));
}
//# sourceMappingURL=stub-bridge.js.map