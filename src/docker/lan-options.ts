/**
 * What networks on a LAN can be told, by `tsproxy network create -d macvlan` or `-d ipvlan` and Docker's `-d tsproxy -o tsproxy.type=macvlan`, and Docker's words
 * for what is wrong with it.
 */
import { TsproxyError } from "../errors.js";
import type { LanPlace, NetworkOptions } from "../model/records.js";
import { readOption } from "./driver-options.js";

/** Drivers of networks that stand on a LAN, as Docker calls them: each endpoint with a MAC of its own there, and all with the parent's. */
export const MACVLAN = "macvlan";
export const IPVLAN = "ipvlan";
export type LanDriver = typeof MACVLAN | typeof IPVLAN;

const PARENT = "parent",
  MACVLAN_MODE = "macvlan_mode",
  IPVLAN_MODE = "ipvlan_mode",
  IPVLAN_FLAG = "ipvlan_flag",
  SPOOF = "tsproxy.spoof",
  ATTACH = "tsproxy.attach",
  MTU = "com.docker.network.driver.mtu",
  INTERFACE_PREFIX = "com.docker.network.container_iface_prefix",
  HOST_BINDING = "com.docker.network.bridge.host_binding_ipv4";
/** Of bridges, those that mean the same here. */
const SHARED = [ATTACH, MTU, INTERFACE_PREFIX, HOST_BINDING];
const OWN = { macvlan: [MACVLAN_MODE, SPOOF], ipvlan: [IPVLAN_MODE, IPVLAN_FLAG] };

export function isLanDriver(driver: string): driver is LanDriver {
  return driver === MACVLAN || driver === IPVLAN;
}

/** Sets what the options mean; throws TSP_ERR_DRIVER_OPTION, TSP_ERR_NETWORK (invalid). */
export function readLanOptions(driver: LanDriver, options: NetworkOptions, typed: Readonly<Record<string, string>>): LanPlace {
  if (options.internal) throw invalid(`a network of driver ${driver} stands on a LAN, so it is not internal`, "use -d bridge --internal");
  const place: LanPlace = { parent: typed[PARENT] ?? "", ...(driver === IPVLAN && { mode: IPVLAN }) };
  for (const [key, value] of Object.entries(typed)) {
    if (key === PARENT) continue;
    if (!OWN[driver].includes(key) && !SHARED.includes(key))
      throw new TsproxyError(
        "TSP_ERR_DRIVER_OPTION",
        "invalid",
        `option ${key} is not supported in ${driver} networks`,
        `supported are ${[PARENT, ...OWN[driver], ...SHARED].join(", ")}`,
      );
    if (key === MACVLAN_MODE) readMacvlanMode(place, options, value);
    else if (key === IPVLAN_MODE) checkIpvlanMode(value);
    else if (key === IPVLAN_FLAG) checkIpvlanFlag(value);
    else readOption(options, key, value);
  }
  if (place.parent === "")
    throw invalid(
      `a network of driver ${driver} needs a parent interface`,
      "name the host's device on the LAN: -o parent=eth0, or a VLAN there: -o parent=eth0.10",
    );
  return place;
}

function readMacvlanMode(place: LanPlace, options: NetworkOptions, mode: string): void {
  if (mode === "vepa" || mode === "passthru") place.mode = mode;
  else if (mode === "private") options.icc = false;
  else if (mode !== "bridge" && mode !== "")
    throw invalid(
      `requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`,
      "use bridge, private, vepa or passthru",
    );
}

/** In l3 and l3s the kernel routes between endpoints and the parent, without ARP or broadcasts: a bridge network with masquerade off is that here. */
function checkIpvlanMode(mode: string): void {
  if (mode === "l3" || mode === "l3s")
    throw invalid(
      `ipvlan mode '${mode}' is not supported: in it the host routes, and the LAN needs a route to the network by the host`,
      "use l2; or -d bridge -o com.docker.network.bridge.enable_ip_masquerade=false, which routes",
    );
  if (mode !== "l2" && mode !== "")
    throw invalid(`requested ipvlan mode '${mode}' is not valid, 'l2' mode is the ipvlan driver default`, "use l2");
}

function checkIpvlanFlag(flag: string): void {
  if (flag === "private" || flag === "vepa")
    throw invalid(`ipvlan flag '${flag}' is not supported`, "use bridge, in which endpoints reach each other");
  if (flag !== "bridge" && flag !== "")
    throw invalid(`requested ipvlan flag '${flag}' is not valid, 'bridge' is the ipvlan driver default`, "use bridge");
}

function invalid(message: string, hint: string): TsproxyError {
  return new TsproxyError("TSP_ERR_NETWORK", "invalid", message, hint);
}
