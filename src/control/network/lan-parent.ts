/** Which device of the host, and which VLAN there, the name of a parent says, and in which words one that will not do is refused: Docker's where it has some. */
import { type KindOf, TsproxyError } from "../../errors.js";
import type { Link } from "../../sys/rtnetlink-entries.js";
import { parseMac } from "../../wire/ethernet.js";

const MAX_VLAN = 4094,
  IFF_LOOPBACK = 8, // linux/if.h
  ARPHRD_ETHER = 1; // linux/if_arp.h
/** What the kernel takes for a name or an alternative one (dev_valid_name, ALTIFNAMSIZ). */
const DEVICE_NAME = /^[^\s/:]{1,127}$/;
/** Kinds of devices that take what comes in at their ports before the host sees it. */
const TAKES_PORTS = new Set(["bridge", "bond", "team", "openvswitch"]);
/** Names of devices that tsproxy makes in the host's namespace. */
const OURS = /^tsp(up|host|vx|lan|roxy|e|v)\d+$|^ts[np][0-9a-f]{11,12}$|^tsp[ev][0-9a-f]{11}$/;
const SEE = "see 'ip link'",
  NAME_ANOTHER = "name the host's device on the LAN";

export interface LanParent {
  link: Link;
  /** 1..4094, whose tag is put and taken by us; 0: none. */
  vlan: number;
}

/** By name (alternative ones too) or index, null: there is none. */
export type LinkOf = (device: string | number) => Link | null;

/** `eth0`, or `eth0.10`: that device if the host has it, else VLAN 10 on `eth0`. Null when it is not there (now). */
export function findParent(name: string, linkOf: LinkOf): LanParent | null {
  const look = (device: string): Link | null => (DEVICE_NAME.test(device) ? linkOf(device) : null);
  const link = look(name);
  if (link !== null) return { link, vlan: 0 };
  const [, device, vlan] = /^([^.]+)\.([1-9]\d{0,3})$/.exec(name) ?? [];
  const base = device === undefined || Number(vlan) > MAX_VLAN ? null : look(device);
  return base === null ? null : { link: base, vlan: Number(vlan) };
}

/** The same, which must be there and do. Throws TSP_ERR_NETWORK. */
export function checkedParent(name: string, linkOf: LinkOf): LanParent {
  const found = findParent(name, linkOf);
  if (found === null) throw missing(name);
  const wrong = refusal(found.link, linkOf);
  if (wrong !== null) throw wrong;
  return found;
}

/** Why that device cannot be a parent (TSP_ERR_NETWORK), or null. */
export function refusal(link: Link, linkOf: LinkOf): TsproxyError | null {
  if ((link.flags & IFF_LOOPBACK) !== 0)
    return parentError("invalid", "loopback interface is not a valid macvlan parent link", NAME_ANOTHER);
  if (OURS.test(link.name)) return parentError("invalid", `${link.name} is a device of tsproxy's own`, NAME_ANOTHER);
  if (parseMac(link.mac) === null || link.type !== ARPHRD_ETHER)
    return parentError("invalid", `${link.name} is no Ethernet device`, NAME_ANOTHER);
  const owner = link.master === 0 ? null : linkOf(link.master);
  if (owner === null || !TAKES_PORTS.has(owner.kind)) return null;
  return parentError("invalid", `${link.name} is a port of ${owner.name}, which takes what comes in there`, `use -o parent=${owner.name}`);
}

function missing(name: string): TsproxyError {
  const [device = "", vlan, ...rest] = name.split(".");
  if (vlan === undefined) return parentError("not-found", `the requested parent interface ${name} was not found on the Docker host`, SEE);
  if (rest.length > 0) {
    const message = `required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received ${name}`;
    return parentError("invalid", message, SEE);
  }
  if (!/^(0|[1-9]\d{0,8})$/.test(vlan))
    return parentError(
      "invalid",
      `unable to parse a valid vlan id from: ${vlan} (ex. eth0.10 for vlan 10)`,
      `give a number from 1 to ${MAX_VLAN}`,
    );
  if (Number(vlan) < 1 || Number(vlan) > MAX_VLAN)
    return parentError("invalid", `vlan id must be between 1-${MAX_VLAN}, received: ${vlan}`, "0 and 4095 are reserved (IEEE 802.1Q)");
  return parentError("not-found", `-o parent interface was not found on the host: ${device}`, SEE);
}

export function parentError(kind: KindOf<"TSP_ERR_NETWORK">, message: string, hint: string): TsproxyError {
  return new TsproxyError("TSP_ERR_NETWORK", kind, message, hint);
}
