/**
 * Devices by which endpoints stand on a LAN: a TAP of the engine's beside the host's device there, the parent, with programs between both
 * (`steer/lan-programs.ts`). All that is put on the parent ends with the process's descriptors, so also with a killed process. A parent may go away and come back.
 */
import { closeSync } from "node:fs";
import { TsproxyError } from "../../errors.js";
import { log } from "../../log.js";
import { lanHostProgram, lanInProgram, lanOutProgram } from "../../steer/lan-programs.js";
import * as bpf from "../../sys/bpf.js";
import { native, systemError } from "../../sys/native.js";
import { macText, parseMac } from "../../wire/ethernet.js";
import { closeToIpv6 } from "../device-conf.js";
import { Undo } from "../undo.js";
const KEY_SIZE = 8, MAX_STATIONS = 4096, QUEUE = 2000, MAX_VLAN = 4094, IFF_LOOPBACK = 8; // linux/if.h
const DEVICE = "tsplan%d";
/** What the kernel takes for a name (dev_valid_name, IFNAMSIZ). */
const DEVICE_NAME = /^[^\s/:]{1,15}$/;
/** Names of devices that tsproxy makes in the host's namespace. */
const OURS = /^tsp(up|host|vx|lan|roxy)\d+$|^ts[np][0-9a-f]{11,12}$/;
export class Lans {
    constructor(site) {
        this.site = site;
        this.parents = new Set();
    }
    /** The parent, which must be there. Throws TSP_ERR_NETWORK. */
    parent(name) {
        const { socket } = this.site;
        const linkOf = (device) => (DEVICE_NAME.test(device) ? socket.link(device) : null);
        const link = linkOf(name);
        if (link === null)
            throw missing(name, (device) => linkOf(device) !== null);
        if ((link.flags & IFF_LOOPBACK) !== 0)
            throw parentError("invalid", "loopback interface is not a valid macvlan parent link", "name the host's device on the LAN");
        if (OURS.test(name))
            throw parentError("invalid", `${name} is a device of tsproxy's own`, "name the host's device on the LAN");
        if (parseMac(link.mac) === null)
            throw parentError("invalid", `${name} is no Ethernet device`, "name the host's device on the LAN");
        if (this.parents.has(name))
            throw parentError("conflict", `another network is already using parent interface ${name}`, "use that network, or another parent");
        return link;
    }
    /** For the network that `who` names in messages. What it does is undone by `undo`. `onMac` hears when the parent has another MAC. */
    open(name, keepAs, who, undo, onMac) {
        const link = this.parent(name);
        const { socket, host, steering, taps } = this.site;
        this.parents.add(name);
        undo.add("use of the parent", () => this.parents.delete(name));
        const tap = taps.open({ name: DEVICE, keepAs }, undo);
        const { index: device } = socket.link(tap.name);
        socket.setLink(device, { mtu: link.mtu, txQueueLen: QUEUE, multicast: false, addrGenMode: "none" });
        closeToIpv6(tap.name);
        const map = { name: "tsproxy_station", type: bpf.MAP_HASH, keySize: KEY_SIZE, valueSize: 4, maxEntries: MAX_STATIONS };
        const stations = bpf.createMap(map);
        undo.add("map of stations", () => closeSync(stations));
        const maps = { ...steering.maps, stations };
        let attached = attach(maps, device, link);
        undo.add("programs of the LAN", () => attached?.undo.run());
        const look = () => {
            const now = socket.link(name);
            if (now?.index === attached?.index && now?.mac === attached?.mac)
                return;
            const before = attached;
            void attached?.undo.run();
            if (attached !== undefined && now === null)
                log.warn(`${who}: its parent interface ${name} is gone`);
            attached = undefined;
            if (now === null)
                return;
            try {
                attached = attach(maps, device, now);
                onMac(parseMac(now.mac));
                if (before === undefined)
                    log.warn(`${who}: its parent interface ${name} is there again`);
            }
            catch (error) {
                log.warn(`${who}: its parent interface ${name} cannot be used: ${error.message}`);
            }
        };
        undo.add("watch of the parent", host.onChange(look));
        socket.setLink(device, { up: true });
        const addStation = (mac) => {
            const text = macText(mac); // one key is one station's: the host would be cut off
            if (text === attached?.mac)
                throw parentError("conflict", `MAC address ${text} is that of the parent interface ${name}`, "give another one, or none");
            bpf.updateElement(stations, keyOf(mac), indexBytes(device));
            return () => bpf.deleteElement(stations, keyOf(mac));
        };
        return { tap, device, mac: parseMac(link.mac), addStation };
    }
}
/** Docker's words for a parent that is not there, which it would make if it is a VLAN of a device that is. */
function missing(name, isThere) {
    const [device = "", vlan, ...rest] = name.split(".");
    const see = "see 'ip link'";
    if (vlan === undefined)
        return parentError("not-found", `the requested parent interface ${name} was not found on the Docker host`, see);
    if (rest.length > 0) {
        const message = `required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received ${name}`;
        return parentError("invalid", message, see);
    }
    if (!/^\d{1,9}$/.test(vlan))
        return parentError("invalid", `unable to parse a valid vlan id from: ${vlan} (ex. eth0.10 for vlan 10)`, see);
    if (Number(vlan) < 1 || Number(vlan) > MAX_VLAN)
        return parentError("invalid", `vlan id must be between 1-${MAX_VLAN}, received: ${vlan}`, "0 and 4095 are reserved (IEEE 802.1Q)");
    if (!isThere(device))
        return parentError("not-found", `-o parent interface was not found on the host: ${device}`, see);
    const make = `make it: ip link add link ${device} name ${name} type vlan id ${vlan}`;
    return parentError("unavailable", `there is no device ${name}, and tsproxy makes no VLAN devices`, make);
}
/** Puts the programs on both devices, and has the parent take frames for stations. Throws with nothing left. */
function attach(maps, device, { index, mac }) {
    const undo = new Undo();
    const { stations } = maps;
    try {
        const own = keyOf(parseMac(mac));
        bpf.updateElement(stations, own, indexBytes(index));
        // The parent may be another device by then, made anew with the same MAC.
        undo.add("the parent's own MAC", () => {
            const owner = new Uint8Array(4);
            if (bpf.getElement(stations, own, owner) === 0 && Buffer.compare(owner, indexBytes(index)) === 0)
                bpf.deleteElement(stations, own);
        });
        put("lan_out", lanOutProgram(maps, index), device, "ingress", undo);
        put("lan_in", lanInProgram(maps, device), index, "ingress", undo);
        put("lan_host", lanHostProgram(maps, device), index, "egress", undo);
        const fd = native.promiscuous(index);
        if (fd < 0)
            throw systemError("setsockopt(PACKET_ADD_MEMBERSHIP)", fd);
        undo.add("promiscuous mode of the parent", () => closeSync(fd));
    }
    catch (error) {
        void undo.run();
        throw error;
    }
    return { index, mac, undo };
}
/** By a link alone, since a filter would stay on the parent after a SIGKILL. */
function put(name, code, ifindex, direction, undo) {
    const program = bpf.loadProgram(`tsproxy_${name}`, code);
    try {
        const link = bpf.createTcxLink(program, ifindex, direction);
        if (link === null)
            throw parentError("unavailable", "macvlan networks need TCX, which this kernel does not have", "use Linux 6.6 or later, or -d bridge");
        undo.add(`program ${name}`, () => closeSync(link));
    }
    finally {
        closeSync(program); // the kernel keeps it as long as it is attached
    }
}
function keyOf(mac) {
    const key = new Uint8Array(KEY_SIZE);
    key.set(mac);
    return key;
}
function indexBytes(ifindex) {
    return new Uint8Array(Uint32Array.of(ifindex).buffer);
}
function parentError(kind, message, hint) {
    return new TsproxyError("TSP_ERR_NETWORK", kind, message, hint);
}
//# sourceMappingURL=lans.js.map