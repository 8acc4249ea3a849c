/**
 * The own network: a bridge in userspace. The host gets a TAP with the gateway's address, each endpoint's namespace a TAP `eth0` with its
 * address, a default route and the MTU. Every device here ends with its descriptor, so also with a killed process.
 */
import { closeSync } from "node:fs";
import { openTap, type Tap } from "../device/tap.js";
import { TsproxyError } from "../errors.js";
import { openNetns, sameNetns } from "../sys/netns.js";
import { RouteSocket } from "../sys/rtnetlink.js";
import { ENDPOINT, HOST } from "../table/ports.js";
import { formatMac, macHi, macLo, parseMac } from "../wire/ethernet.js";
import { formatIpv4, lastAddress } from "../wire/ipv4-address.js";
import { rawMask, rawWord } from "../wire/raw.js";
import type { EndpointConfig, NetworkConfig } from "./config.js";
import type { Undo } from "./undo.js";
import type { WorkerLink } from "./worker-link.js";

/** Name of an endpoint's device in its namespace. */
const ENDPOINT_DEVICE = "eth0";

export interface AttachedPort {
  port: number;
  name: string;
  kind: "host" | "endpoint";
  address: string;
}

/** Makes the host's TAP with the gateway's address and tells the worker. Answers its interface index and MAC through `attached`. */
export function attachHost(socket: RouteSocket, worker: WorkerLink, network: NetworkConfig, mtu: number, port: number, undo: Undo): { ifindex: number; name: string } {
  const tap = openTap({ name: "tsphost%d" });
  undo.add(`device ${tap.name}`, () => tap.close());
  const link = socket.link(tap.name)!;
  const gateway = formatIpv4(network.gateway);
  socket.setLink(link.index, { mtu, addrGenMode: "none" });
  worker.post({ type: "network", network: rawWord(network.cidr.address), mask: rawMask(network.cidr.prefixLength), gateway: rawWord(network.gateway) });
  worker.post({ type: "add-port", port, kind: HOST, fd: tap.fd, mac: parseMac(link.mac)!, address: rawWord(network.gateway) });
  undo.add(`port ${tap.name}`, () => releasePort(worker, port));
  socket.addAddress(link.index, gateway, network.cidr.prefixLength);
  socket.setLink(link.index, { up: true });
  return { ifindex: link.index, name: tap.name };
}

/** Stops a port and waits until the worker has let go of its descriptor, which may then be closed. */
export async function releasePort(worker: WorkerLink, port: number): Promise<void> {
  worker.post({ type: "remove-port", port });
  await worker.settled();
}

/** Opens the endpoints' namespaces; refuses one that is named twice or is the host's own. `close` closes them. */
export function openEndpoints(endpoints: EndpointConfig[]): { fds: number[]; close(): void } {
  const fds: number[] = [];
  const close = (): void => {
    for (const fd of fds.splice(0)) closeSync(fd);
  };
  try {
    for (const endpoint of endpoints) {
      const { fd } = openNetns(endpoint.netns);
      const twin = fds.findIndex((other) => sameNetns(other, fd));
      fds.push(fd);
      const word = `--endpoint ${endpoint.netns}=${formatIpv4(endpoint.address)}`;
      if (twin !== -1)
        throw new TsproxyError("TSP_ERR_ENDPOINT", "conflict", `${word}: it is the same namespace as '${endpoints[twin]!.netns}'`, "give each namespace one endpoint");
      if (sameNetns(fd, -1)) throw new TsproxyError("TSP_ERR_ENDPOINT", "conflict", `${word}: that is the namespace tsproxy itself runs in`, "name the container's namespace");
    }
    return { fds, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Makes the endpoint's TAP in its namespace `nsFd` and tells the worker. */
export function attachEndpoint(worker: WorkerLink, network: NetworkConfig, endpoint: EndpointConfig, nsFd: number, mtu: number, port: number, undo: Undo): AttachedPort {
  const address = formatIpv4(endpoint.address);
  const socket = new RouteSocket(nsFd);
  let tap: Tap;
  try {
    if (socket.link(ENDPOINT_DEVICE) !== null)
      throw new TsproxyError(
        "TSP_ERR_ENDPOINT",
        "conflict",
        `--endpoint ${endpoint.netns}=${address}: the namespace has a device '${ENDPOINT_DEVICE}' already`,
        "give a namespace without one, like that of 'docker run --network none'",
      );
    tap = openTap({ name: ENDPOINT_DEVICE, nsFd });
    undo.add(`device of ${address}`, () => tap.close());
    const mac = endpointMac(endpoint.address);
    const link = socket.link(ENDPOINT_DEVICE)!;
    socket.setLink(link.index, { mac: formatMac(macHi(mac), macLo(mac)), mtu });
    worker.post({ type: "add-port", port, kind: ENDPOINT, fd: tap.fd, mac, address: rawWord(endpoint.address) });
    undo.add(`port of ${address}`, () => releasePort(worker, port));
    socket.addAddress(link.index, address, network.cidr.prefixLength);
    socket.setLink(link.index, { up: true });
    socket.addRoute({ dst: "0.0.0.0", prefixLength: 0, gateway: formatIpv4(network.gateway), oif: link.index });
  } finally {
    socket.close();
  }
  return { port, name: `${endpoint.netns}/${ENDPOINT_DEVICE}`, kind: "endpoint", address };
}

/** Locally administered, with the IPv4 address in it, as Docker's bridge made them: the same endpoint keeps its MAC. */
function endpointMac(address: number): Uint8Array {
  return Uint8Array.of(0x02, 0x42, address >>> 24, address >>> 16, address >>> 8, address);
}

/** Refuses a network that overlaps what the host has. */
export function checkNetwork(network: NetworkConfig, overlap: string | null): void {
  if (overlap === null) return;
  const text = `${formatIpv4(network.cidr.address)}/${network.cidr.prefixLength}`;
  throw new TsproxyError("TSP_ERR_NETWORK", "conflict", `--network ${text} (to ${formatIpv4(lastAddress(network.cidr))}) overlaps the host's ${overlap}`, "use a network that the host does not know");
}
