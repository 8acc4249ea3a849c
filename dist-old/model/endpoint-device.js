/** Where an endpoint's device is when it is not ours yet: in its sandbox, under a name that it was given there, or back in the host's namespace. */
import { closeSync } from "node:fs";
import { TsproxyError } from "../errors.js";
import { openNetns } from "../sys/netns.js";
import { RouteSocket } from "../sys/rtnetlink.js";
import { parseIp, sameIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
export const hostDevices = { find: findDevice, remove: removeHostDevice };
/** Null: it is nowhere. A device in the host's namespace after its sandbox ended is removed: nobody will ask for it again. */
function findDevice(endpoint) {
    const nsFd = endpoint.sandbox === "" ? -1 : openSandbox(endpoint.sandbox);
    if (endpoint.sandbox !== "" && nsFd === -1) {
        removeHostDevice(endpoint.device);
        return null;
    }
    const inside = nsFd === -1 ? null : withSocket(nsFd, (socket) => deviceWith(socket, endpoint));
    if (inside !== null)
        return { name: inside.name, nsFd };
    if (nsFd !== -1)
        closeSync(nsFd);
    return withSocket(-1, (socket) => hostDevice(socket, endpoint.device)) === null ? null : { name: endpoint.device, nsFd: -1 };
}
/** False when there was none. */
export function removeHostDevice(name) {
    return withSocket(-1, (socket) => {
        const link = hostDevice(socket, name);
        return link !== null && socket.deleteLink(link.index);
    });
}
/** Whether the namespace at `path` is there. */
export function isSandbox(path) {
    const fd = openSandbox(path);
    if (fd !== -1)
        closeSync(fd);
    return fd !== -1;
}
/** -1 when it ended: the file is gone, or is there still as the mount point that it was. */
function openSandbox(path) {
    try {
        return openNetns(path).fd;
    }
    catch (error) {
        if (error instanceof TsproxyError && error.kind !== "permission")
            return -1;
        throw error;
    }
}
function withSocket(nsFd, action) {
    const socket = new RouteSocket(nsFd);
    try {
        return action(socket);
    }
    finally {
        socket.close();
    }
}
/** By its address, which no other device of the sandbox has; a MAC the user may have given twice. Before it has one, by that all the same. */
function deviceWith(socket, { addresses, mac }) {
    const wanted = eachFamily(addresses);
    const isOurs = (text) => wanted.some((address) => sameIp(address, parseIp(text)));
    const all = socket.addresses();
    const ifindex = all.find((a) => isOurs(a.address))?.ifindex;
    if (ifindex !== undefined)
        return socket.link(ifindex);
    const bare = (link) => link.kind === "tun" && link.mac === mac && !all.some((a) => a.ifindex === link.index);
    return socket.links().find(bare) ?? null;
}
function hostDevice(socket, name) {
    const link = socket.link(name);
    return link?.kind === "tun" ? link : null;
}
//# sourceMappingURL=endpoint-device.js.map