/** A process that has left its flows in a file (`src/table/flow-file.ts`). */
import fs from "node:fs";
import { expect } from "vitest";
import type { StateOptions } from "../../src/dataplane/state.js";
import { DEFAULT_TIMEOUTS } from "../../src/table/conntrack.js";
import { FlowFile, type FlowMemory, flowFileSize } from "../../src/table/flow-file.js";
import { CLIENT, Dataplane, HOST_IP, PUBLISHED, UP } from "./dataplane.js";
import { Flow } from "./flows.js";
import * as p from "./packets.js";

export const CAPACITY = 64;
export const OWNER = { role: 1, boot: new Int32Array(4), netns: 1, cookie: 1 };

/** A process whose flows lie in a file, and what the next one finds of it. */
export class Former {
  readonly d: Dataplane;
  private readonly buffer = new ArrayBuffer(flowFileSize(CAPACITY));

  constructor(options: Partial<StateOptions> = {}) {
    const file = new FlowFile(this.buffer, CAPACITY);
    const { worker = 0, workers = 1, timeouts = DEFAULT_TIMEOUTS } = options;
    file.begin(OWNER, worker, workers, timeouts);
    this.d = new Dataplane({ conntrackMax: CAPACITY, memory: memoryOf(file), ...options });
  }

  /** As it is now: a SIGKILL leaves the same. */
  left(): FlowFile {
    return new FlowFile(this.buffer.slice(0), CAPACITY);
  }

  /** Into a file of that name. */
  write(path: string): void {
    fs.writeFileSync(path, new Uint8Array(this.buffer));
  }

  open(options: Partial<Flow["opener"]> = {}, proto: number = p.TCP): Flow {
    const flow = new Flow(this.d, { from: UP, src: CLIENT, sport: 40000, dst: HOST_IP, dport: PUBLISHED, ...options }, proto);
    expect(flow.open()).toBe(true);
    return flow;
  }
}

/** Memory that is the file; `room` says for how many rows there is some. */
export function memoryOf(file: FlowFile, room = (): number => CAPACITY): FlowMemory {
  return file.memory(room, () => file.addressWords.length / 4);
}
