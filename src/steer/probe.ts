/** What steering finds on this kernel, for `tsproxy doctor`. */
import fs from "node:fs";
import { TsproxyError } from "../errors.js";
import * as bpf from "../sys/bpf.js";
import { hasIpv6 } from "../sys/ipv6-conf.js";
import { acceptProgram } from "./accept-program.js";
import { emitProgram } from "./emit-program.js";
import { homeProgram } from "./home-program.js";
import { createMaps, createRing } from "./maps.js";
import { loadOffload } from "./offload.js";
import { steerProgram } from "./steer-program.js";

export interface SteeringProbe {
  bpf: boolean;
  tcx: boolean;
  /** Why there is no BPF. */
  error?: TsproxyError;
  /** Why there is BPF, but no offload, or none of IPv6. */
  offloadError?: TsproxyError;
  offload6Error?: TsproxyError;
}

/** Makes the maps and programs, attaches nothing. */
export function probeSteering(): SteeringProbe {
  const fds: number[] = [];
  try {
    const options = { bypass: true, ipv6: hasIpv6() };
    const maps = createMaps({ flowCapacity: 1, ...options }, fds);
    const load = (name: string, code: Uint8Array, type?: number): number => fds.push(bpf.loadProgram(`tsproxy_${name}`, code, type));
    for (const link of ["ethernet", "loopback", "ip"] as const) load(link, steerProgram(link, [1], maps, options));
    load("home", homeProgram("ethernet", [1], maps));
    load("accept", acceptProgram([createRing("probe", undefined, fds)], maps, options), bpf.PROG_TYPE_SOCKET_FILTER);
    const emitFd = bpf.loadProgram("tsproxy_emit", emitProgram(1, maps, options));
    fds.push(emitFd);
    const found: SteeringProbe = { bpf: true, tcx: bpf.hasTcx(emitFd) };
    try {
      const { ipv6Error } = bpf.now(loadOffload({ uplinks: [1], ...options }, maps, fds));
      if (ipv6Error !== undefined) found.offload6Error = ipv6Error;
    } catch (error) {
      if (!(error instanceof TsproxyError)) throw error;
      found.offloadError = error.cause instanceof TsproxyError ? error.cause : error;
    }
    return found;
  } catch (error) {
    if (!(error instanceof TsproxyError)) throw error;
    return { bpf: false, tcx: false, error };
  } finally {
    for (const fd of fds) fs.closeSync(fd);
  }
}
