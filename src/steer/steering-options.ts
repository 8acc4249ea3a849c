/** What the steering is made with. */
import type { FdStore } from "../sys/fd-store.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import type { BegunMaps } from "./maps.js";
import type { OffloadMode } from "./offload.js";

export interface SteeringOptions {
  /** Interface indices of the uplinks, one a worker. */
  uplinks: readonly number[];
  /** Flows that `flows` holds without forgetting one. */
  flowCapacity: number;
  /** Takes packets for published ports before the host's firewall, and whatever else its kernel checks, sees them. */
  bypass?: boolean;
  /** The kernel has IPsec: `setIpsec` says what its policies are about. */
  ipsec?: boolean;
  /** The kernel has IPv6. */
  ipv6?: boolean;
  /** Whether the programs are to carry out what the engine enters into `flows` (offload-program.ts), which needs Linux 5.11. Default: never. */
  offload?: OffloadMode;
  /** `auto` waits for `loadOffload`. */
  offloadLater?: boolean;
  /** The programs wait for `loadPrograms`; until then nothing is to be attached. */
  programsLater?: boolean;
  /** Filters do until `makeLinks` what links are to do, which the kernel takes long for. */
  linksLater?: boolean;
  /** Packets may go to containers past their bridges, as `setPeer` says (past-bridge-program.ts). Needs Linux 6.7. */
  pastBridge?: boolean;
  /** Do not use TCX even where the kernel has it. */
  forceClsact?: boolean;
  /** Needed where TCX is missing. */
  routeSocket?: RouteSocket;
  /** Keeps what is attached, and flows, while the process is restarted. */
  store?: FdStore | undefined;
  /** As in `MapOptions`. */
  fixedPorts?: number | undefined;
  /** Begun before, if they are the right ones. */
  maps?: BegunMaps | undefined;
  /** The uplinks are those of the process before, and its flows can be taken up: so maps with their entries that were kept stay in force. Else these are of nobody. */
  keepsFlows?: boolean;
}
