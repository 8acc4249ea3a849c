/** What a start begins before it has loaded its code, as the kernel or Node.js takes long for it. This file and what it imports are small for that reason. */
import { type BegunMaps, beginMaps } from "../steer/maps.js";
import type { OffloadMode } from "../steer/offload.js";
import { hostFamilies } from "../sys/host-families.js";
import { hasIpv6 } from "../sys/ipv6-conf.js";
import { native } from "../sys/native.js";
import { checkPortFamilies } from "./families.js";
import type { PortSpec } from "./mapping.js";
import { WorkerThread } from "./worker-thread.js";

/** What will be started. */
interface Options {
  publish: readonly PortSpec[];
  workers: number;
  conntrackMax: number;
  offload: OffloadMode;
}

export interface Begun {
  maps: BegunMaps;
  /** At most one a worker. */
  threads: readonly WorkerThread[];
}

/** Descriptors that a start has without those of published ports, and some more. */
const DESCRIPTORS = 256;

/** Begins what `Controller.start` will need, as far as one can tell. Throws what `checkPortFamilies` throws, with nothing begun. */
export function beginStart({ publish, workers, conntrackMax, offload }: Options): Begun {
  const families = hostFamilies();
  for (const spec of publish) checkPortFamilies(spec, families);
  const fixedPorts = countPorts(publish);
  void native.descriptorRoom(DESCRIPTORS + fixedPorts * families.length);
  const maps = beginMaps({ flowCapacity: conntrackMax, ipv6: hasIpv6(), offload: offload !== "never", workers, fixedPorts });
  return { maps, threads: beginThreads(workers) };
}

/** Those that can be begun. The start makes the others, and says what is in the way. */
function beginThreads(count: number): WorkerThread[] {
  const threads: WorkerThread[] = [];
  try {
    while (threads.length < count) threads.push(new WorkerThread());
  } catch {
    // no descriptor is left, say
  }
  return threads;
}

export function countPorts(publish: readonly PortSpec[]): number {
  return publish.reduce((sum, { hostPort, hostPortEnd }) => sum + Math.max(1, hostPortEnd - hostPort + 1), 0);
}

/** Ends what nobody has taken. */
export async function discardBegun({ maps, threads }: Begun): Promise<void> {
  maps.discard();
  await Promise.all(threads.map((thread) => thread.discard()));
}
