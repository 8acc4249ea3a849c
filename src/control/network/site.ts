/** What networks and endpoints are built on. */
import type { EndpointEnds } from "../../steer/endpoint-ends.js";
import type { HostGuard } from "../../steer/host-guard.js";
import type { Stations } from "../../steer/stations.js";
import type { RouteSocket } from "../../sys/rtnetlink.js";
import type { Host } from "../host.js";
import type { PortNumbers } from "../port-numbers.js";
import type { Workers } from "../workers.js";
import type { Lans } from "./lans.js";
import type { LinkRemover } from "./link-remover.js";
import type { NetworkNumbers } from "./network-numbers.js";
import type { TapPorts } from "./tap-ports.js";
import type { Tunnels } from "./tunnels.js";
import type { VethSupport } from "./veth-support.js";

export interface Site {
  /** Of the host's namespace. */
  readonly socket: RouteSocket;
  readonly workers: Workers;
  readonly host: Host;
  readonly taps: TapPorts;
  readonly guard: HostGuard;
  readonly remover: LinkRemover;
  readonly veths: Pick<VethSupport, "has">;
  /** Programs of endpoints on veth pairs. */
  readonly ends: EndpointEnds;
  /** Whose frames the kernel carries in overlay networks. */
  readonly stations: Stations;
  /** Something is broken for good, and the process must end: better to be started anew than to serve nothing. */
  fail(error: Error): void;
  readonly numbers: PortNumbers;
  readonly networkNumbers: NetworkNumbers;
  readonly tunnels: Tunnels;
  readonly lans: Lans;
}
