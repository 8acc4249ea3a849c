/**
 * Publishes ports: holds the host port, works out what the target needs to answer through us, tells the worker and then the steering.
 * One rule, one message and one batch of map entries a range, however long.
 */
import { closeSync } from "node:fs";
import type { PublishRule } from "../dataplane/state.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import type { Steering } from "../steer/steering.js";
import { errnoName, native } from "../sys/native.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { contains, formatIpv4, parseIpv4 } from "../wire/ipv4-address.js";
import { rawMask, rawWord } from "../wire/raw.js";
import type { NetworkConfig } from "./config.js";
import type { Host } from "./host.js";
import { bindError } from "../sys/port-owner.js";
import { formatMapping, type Mapping, type PortSpec } from "./port-spec.js";
import type { Undo } from "./undo.js";
import type { WorkerLink } from "./worker-link.js";

const PROTOCOLS = { tcp: 6, udp: 17 } as const;

/** What a target's answers depend on; int32, host order. */
interface Reach {
  /** Address of the host that the target sees instead of a client that it could not answer through us. */
  snatSource: number;
  /** Clients in this network would be answered directly. */
  network: number;
  prefixLength: number;
}

export class Publisher {
  private nextRule = 0;

  constructor(
    private readonly socket: RouteSocket,
    private readonly host: Host,
    private readonly worker: WorkerLink,
    private readonly steering: Steering,
    private readonly network: NetworkConfig | undefined,
  ) {}

  /** How to reach the target, or a TSP_ERR_TARGET that says why it cannot be published. */
  reach(spec: PortSpec): Reach {
    const target = parseIpv4(spec.targetIp)!;
    if (this.network !== undefined && contains(this.network.cidr, target)) {
      if (target === this.network.gateway) throw localTarget(spec);
      return { snatSource: this.network.gateway, network: this.network.cidr.address, prefixLength: this.network.cidr.prefixLength };
    }
    const route = this.socket.routeTo(spec.targetIp);
    if (route?.type === "local") throw localTarget(spec);
    if (route === null || route.type !== "unicast" || route.oif === undefined) {
      const why = route === null ? "no route to it" : `it is a ${route.type} address`;
      throw new TsproxyError("TSP_ERR_TARGET", "unavailable", `cannot reach target ${spec.targetIp}: ${why}`, "does the container run, and is this the namespace of its host? see 'ip route get'");
    }
    const neighbor = this.host.neighborOf(target, route.oif);
    if (neighbor !== null) return { snatSource: neighbor.address, network: neighbor.network, prefixLength: neighbor.prefixLength };
    if (route.prefSrc === undefined) throw new TsproxyError("TSP_ERR_TARGET", "unavailable", `cannot reach target ${spec.targetIp}: the host has no address on that route`);
    log.warn(`${spec.targetIp} is behind a gateway, so it sees this host as the client of ${formatMapping(spec)}`);
    return { snatSource: parseIpv4(route.prefSrc)!, network: 0, prefixLength: 0 };
  }

  /** Holds the ports and publishes; answers the mapping with the port that was picked. On failure nothing is held. */
  publish(spec: PortSpec, undo: Undo): Mapping {
    const reach = this.reach(spec);
    const held = holdPorts(spec);
    undo.add(`ports of ${formatMapping(spec)}`, () => held.fds.forEach((fd) => closeSync(fd)));
    const count = spec.pickFromRange ? 1 : Math.max(1, spec.hostPortEnd - spec.hostPort + 1);
    const first = held.firstPort;
    const last = first + count - 1;
    const hostIp = parseIpv4(spec.hostIp)!;
    const proto = PROTOCOLS[spec.proto];
    const rule: PublishRule = {
      proto,
      hostIp: rawWord(hostIp),
      firstPort: first,
      lastPort: last,
      target: rawWord(parseIpv4(spec.targetIp)!),
      targetPort: spec.targetPort,
      snatSource: rawWord(reach.snatSource),
      onlinkNet: rawWord(reach.network),
      onlinkMask: rawMask(reach.prefixLength),
    };
    const id = this.nextRule++;
    this.worker.post({ type: "publish", id, rule });
    undo.add(`rule of ${formatMapping(spec)}`, () => this.worker.post({ type: "withdraw", id }));
    this.steering.publish(proto, hostIp, first, last);
    undo.add(`steering of ${formatMapping(spec)}`, () => this.steering.withdraw(proto, hostIp, first, last));
    const { hostIp: hostText, targetIp, targetPort } = spec;
    return { hostIp: hostText, hostPort: first, hostPortEnd: last, targetIp, targetPort, targetPortEnd: targetPort + count - 1, proto: spec.proto };
  }
}

function localTarget(spec: PortSpec): TsproxyError {
  return new TsproxyError("TSP_ERR_TARGET", "invalid", `target ${spec.targetIp} is an address of this host itself`, "give the container's address, or add --relay to relay by sockets");
}

/** Binds every host port of the mapping, so that no other program can. Throws TSP_ERR_PORT_TAKEN and the like with none held. */
function holdPorts(spec: PortSpec): { firstPort: number; fds: number[] } {
  const proto = PROTOCOLS[spec.proto];
  const hostIp = parseIpv4(spec.hostIp)!;
  const fds: number[] = [];
  for (let port = spec.hostPort; port <= spec.hostPortEnd; port++) {
    const fd = native.holdPort(proto, hostIp, port);
    if (fd >= 0) {
      fds.push(fd);
      if (spec.hostPort === 0) return { firstPort: native.localPort(fd), fds };
      if (spec.pickFromRange) return { firstPort: port, fds };
      continue;
    }
    const errno = errnoName(fd);
    if (spec.pickFromRange && errno === "EADDRINUSE" && port < spec.hostPortEnd) continue;
    for (const open of fds) closeSync(open);
    if (errno === "EMFILE")
      throw new TsproxyError("TSP_ERR_PORT_BIND", "unavailable", `cannot hold ${spec.hostPortEnd - spec.hostPort + 1} ports: too many open files`, "raise 'ulimit -n'");
    if (spec.pickFromRange && errno === "EADDRINUSE")
      throw new TsproxyError("TSP_ERR_PORT_TAKEN", "conflict", `every host port of ${formatIpv4(hostIp)}:${spec.hostPort}-${spec.hostPortEnd}/${spec.proto} is taken`, "publish another range");
    throw bindError(spec.proto, spec.hostIp, port, errno);
  }
  return { firstPort: spec.hostPort, fds };
}
