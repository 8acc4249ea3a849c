/** Frames through queues in memory: what tests and in-memory benchmarks put in, and what the engine sent. */
import { HEAD_SIZE, headAt, inHead, type PacketMemory, TAIL_SIZE } from "../mem/packet-memory.js";
import { DESCRIPTOR, type PacketIo, TX_MAX } from "./packet-io.js";

export interface SentFrame {
  port: number;
  /** Virtio-net header and frame. */
  bytes: Uint8Array;
}

interface WaitingFrame extends SentFrame {
  device: number;
}

const EIO = 5;

export class MemoryIo implements PacketIo {
  readonly rx: Int32Array;
  readonly tx = new Int32Array(TX_MAX * DESCRIPTOR);
  readonly clock = new Int32Array(16);
  /** All that was sent, in order. */
  readonly sent: SentFrame[] = [];
  private readonly waiting: WaitingFrame[] = [];
  private readonly ports = new Set<number>();

  constructor(private readonly memory: PacketMemory) {
    this.rx = new Int32Array(memory.slots * DESCRIPTOR);
  }

  /** Queues a frame, virtio-net header first, as if it came in at `port`; `device`: as of a frame of the ring. */
  put(port: number, bytes: Uint8Array, device = 0): void {
    this.waiting.push({ port, bytes, device });
  }

  /** Frames put in and not yet received. */
  get pending(): number {
    return this.waiting.length;
  }

  receive(_spinNs?: number, _timeoutMs?: number): number {
    let n = 0;
    let tail = 0;
    while (n < this.memory.slots) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      if (!this.ports.has(next.port)) continue;
      this.memory.bytes.set(next.bytes.subarray(0, HEAD_SIZE), headAt(n));
      const d = n * DESCRIPTOR;
      this.rx[d] = next.port;
      this.rx[d + 1] = Math.min(next.bytes.length, HEAD_SIZE + TAIL_SIZE);
      this.rx[d + 2] = -1;
      this.rx[d + 3] = next.device;
      if (next.bytes.length > HEAD_SIZE) {
        this.memory.bytes.set(next.bytes.subarray(HEAD_SIZE, HEAD_SIZE + TAIL_SIZE), this.memory.tailAt(tail));
        this.rx[d + 2] = tail++;
      }
      n++;
    }
    return n;
  }

  transmit(count: number): number {
    let failed = 0;
    for (let k = 0; k < count; k++) {
      const d = k * DESCRIPTOR;
      const port = this.tx[d]!;
      const len = this.tx[d + 1]!;
      if (!this.ports.has(port)) {
        this.tx[d + 1] = -EIO;
        failed++;
        continue;
      }
      const bytes = new Uint8Array(len);
      const head = this.tx[d + 2]!;
      const first = inHead(head, len, this.tx[d + 3]!);
      bytes.set(this.memory.bytes.subarray(head, head + first));
      if (len > first) {
        const tail = this.memory.tailAt(this.tx[d + 3]!);
        bytes.set(this.memory.bytes.subarray(tail, tail + len - first), first);
      }
      this.sent.push({ port, bytes });
    }
    return failed;
  }

  addPort(port: number): void {
    this.ports.add(port);
  }

  addRing(port: number): void {
    this.addPort(port);
  }

  removePort(port: number): void {
    this.ports.delete(port);
  }
}
