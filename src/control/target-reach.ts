/**
 * How the host's kernel reaches a target that is in no network of our own, and so which clients it could not answer through us. That changes with
 * the host: a bridge appears, or gets another address or prefix. So it is asked for again whenever the host was read again (`publisher.ts`).
 */
import { TsproxyError } from "../errors.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { formatIp, type IpAddress, parseIp, prefixOf } from "../wire/ip-address.js";
import type { Host } from "./host.js";
import type { Reach } from "./network/network.js";

/** A Reach; `gateway`: the target is behind one, so it may have other ways to its clients. */
export interface KernelReach extends Reach {
  gateway: boolean;
}

/** Throws a TSP_ERR_TARGET that says why there is no way. */
export function kernelReach(socket: RouteSocket, host: Host, target: IpAddress): KernelReach {
  const targetIp = formatIp(target);
  const route = socket.routeTo(targetIp);
  if (route?.type === "local") throw localTarget(target);
  if (route === null || route.type !== "unicast" || route.oif === undefined) {
    const why = route === null ? "no route to it" : `it is a ${route.type} address`;
    throw new TsproxyError(
      "TSP_ERR_TARGET",
      "unavailable",
      `cannot reach target ${targetIp}: ${why}`,
      "does the container run, and is this the namespace of its host? see 'ip route get'",
    );
  }
  const neighbor = host.neighborOf(target, route.oif);
  if (neighbor !== null) return { snatSource: neighbor.address, network: neighbor.network, own: -1, gateway: false };
  if (route.prefSrc === undefined)
    throw new TsproxyError(
      "TSP_ERR_TARGET",
      "unavailable",
      `cannot reach target ${targetIp}: the host has no address on that route`,
      "give it one: 'ip address add', or 'src' in 'ip route'",
    );
  const snatSource = parseIp(route.prefSrc)!;
  if (route.gateway !== undefined) return { snatSource, network: prefixOf(target, 0), own: -1, gateway: true };
  // On a link on which the host has no address of its own (unnumbered, as Calico makes them) it still is the target's only way out.
  return { snatSource, network: host.onLink(target, route.oif), own: -1, gateway: false };
}

export function localTarget(target: IpAddress): TsproxyError {
  return new TsproxyError(
    "TSP_ERR_TARGET",
    "invalid",
    `target ${formatIp(target)} is an address of this host itself`,
    "give the container's address, or add --relay to relay by sockets",
  );
}
