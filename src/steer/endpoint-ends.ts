/** Endpoints on veth pairs, as the steering knows them: their entries in the maps of `endpoint-programs.ts`, and the programs on their devices. */
import fs from "node:fs";
import * as bpf from "../sys/bpf.js";
import type { Attacher } from "./attach.js";
import {
  type EndpointMapFds,
  fromEndpointProgram,
  GUARD_SIZE,
  GUARD_TAP_AT,
  MAX_ENDPOINTS,
  toEndpointProgram,
} from "./endpoint-programs.js";
import type { MapFds } from "./program.js";

/** Interface indices, in the host's namespace, of the pair's end and of the TAP beside it. */
export interface Ends {
  end: number;
  tap: number;
}

interface Loaded {
  maps: EndpointMapFds;
  from: number;
  to: number;
}

export class EndpointEnds {
  private loaded: Loaded | undefined;
  private readonly fds: number[] = [];

  /** Nothing is made before there is such an endpoint. */
  constructor(
    private readonly attacher: Attacher,
    private readonly maps: MapFds,
  ) {}

  /** Frames find their way from now on; answers how to end that. TSP_ERR_BPF_REJECTED: the kernel is older than Linux 5.10. */
  attach({ end, tap }: Ends): () => void {
    const { maps, from, to } = this.load();
    const steps: (() => void)[] = [];
    const undo = (): void => {
      for (const step of steps.splice(0)) step(); // entries first: what the programs know nothing of is dropped
    };
    const enter = (map: number, ifindex: number, value: Uint8Array): void => {
      bpf.updateElement(map, word(ifindex), value);
      steps.push(() => bpf.deleteElement(map, word(ifindex)));
    };
    try {
      const guard = new Uint8Array(GUARD_SIZE);
      new DataView(guard.buffer).setUint32(GUARD_TAP_AT, tap, true);
      enter(maps.guard, end, guard);
      enter(maps.ends, tap, word(end));
      for (const [ifindex, program] of [
        [end, from],
        [tap, to],
      ] as const) {
        const { detach } = this.attacher.attach(ifindex, program);
        steps.push(detach);
      }
    } catch (error) {
      undo();
      throw error;
    }
    return undo;
  }

  close(): void {
    for (const fd of this.fds.splice(0)) fs.closeSync(fd);
    this.loaded = undefined;
  }

  private load(): Loaded {
    if (this.loaded !== undefined) return this.loaded;
    const keep = (fd: number): number => {
      this.fds.push(fd);
      return fd;
    };
    try {
      const map = (name: string, valueSize: number): number =>
        keep(bpf.createMap({ name: `tsproxy_${name}`, type: bpf.MAP_HASH, keySize: 4, valueSize, maxEntries: MAX_ENDPOINTS }));
      const maps = { ...this.maps, guard: map("guard", GUARD_SIZE), ends: map("ends", 4) };
      this.loaded = {
        maps,
        from: keep(bpf.loadProgram("tsproxy_from_ep", fromEndpointProgram(maps))),
        to: keep(bpf.loadProgram("tsproxy_to_ep", toEndpointProgram(maps))),
      };
      return this.loaded;
    } catch (error) {
      this.close();
      throw error;
    }
  }
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
