/**
 * What a start begins before it has loaded its code: what the kernel takes long for. This file and what it imports are small for that reason.
 *
 * Links to devices come first of all that needs the kernel's lock of all devices, but for the uplinks: nothing else that does may be asked for until
 * they are there.
 */
import { type BegunMaps, beginMaps } from "../steer/maps.js";
import type { OffloadMode } from "../steer/offload.js";
import { type DeviceToSteer, PreparedLinks, placesFor } from "../steer/prepared-links.js";
import { hostFamilies } from "../sys/host-families.js";
import { hasIpv6 } from "../sys/ipv6-conf.js";
import { RouteSocket } from "../sys/rtnetlink.js";
import { devicesToSteer } from "./devices-to-steer.js";
import { checkPortFamilies } from "./families.js";
import type { PortSpec } from "./mapping.js";
import { Undo } from "./undo.js";
import { openUplinks, type Uplink } from "./uplink.js";

/** For `Controller.start`, which then owns it. */
export interface Begun {
  /** As far as one can tell. */
  maps: BegunMaps;
  links: BegunLinks | undefined;
}

export interface BegunLinks {
  socket: RouteSocket;
  uplinks: Uplink[];
  devices: DeviceToSteer[];
  prepared: PreparedLinks;
  /** Ends all of it. */
  undo: Undo;
}

/** What will be started. */
interface Options {
  publish: readonly PortSpec[];
  workers: number;
  conntrackMax: number;
  offload: OffloadMode;
}

/** Throws what `checkPortFamilies` throws, with nothing begun. */
export function beginStart({ publish, workers, conntrackMax, offload }: Options): Begun {
  const families = hostFamilies();
  for (const spec of publish) checkPortFamilies(spec, families);
  const maps = beginMaps({ flowCapacity: conntrackMax, ipv6: hasIpv6(), offload: offload !== "never", workers });
  return { maps, links: beginLinks(workers) };
}

/** Undefined, with everything undone, where something fails or the kernel has no TCX: the start itself does it then, and says what is wrong. */
function beginLinks(workers: number): BegunLinks | undefined {
  const undo = new Undo();
  try {
    const socket = new RouteSocket();
    undo.add("route socket", () => socket.close());
    const { uplinks } = openUplinks(workers, socket, undo);
    const indices = uplinks.map(({ ifindex }) => ifindex);
    const devices = devicesToSteer(socket, indices);
    const prepared = new PreparedLinks(placesFor(devices));
    undo.add("prepared links", () => prepared.release());
    if (prepared.hasTcx) return { socket, uplinks, devices, prepared, undo };
  } catch {
    // below
  }
  void undo.run();
  return undefined;
}
