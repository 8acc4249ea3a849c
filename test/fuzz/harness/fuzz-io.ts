/** Packet input and output of a fuzzed engine: gives the frames of one batch, and shows each frame that is sent to a judge. Allocates nothing. */
import { type PacketIo, TX_MAX } from "../../../src/device/packet-io.js";
import { HEAD_SIZE, headAt, inHead, type PacketMemory, slotOf } from "../../../src/mem/packet-memory.js";

/** The longest frame that the fuzzer makes, virtio-net header included: some go on in a tail. */
export const MAX_INPUT = HEAD_SIZE + 3000;

export class FuzzIo implements PacketIo {
  readonly rx: Int32Array;
  readonly tx = new Int32Array(TX_MAX * 4);
  readonly clock = new Int32Array(16);
  /** The frames of the next batch: bytes, length and ingress port of each. */
  readonly input: readonly Uint8Array[];
  readonly lengths: Int32Array;
  readonly ingress: Int32Array;
  /** Interface that the kernel accepted it from; 0: did not come that way. */
  readonly device: Int32Array;
  count = 0;
  /** Called for each frame that is sent: its slot in the batch, the egress port, its place in memory and its length, virtio-net header included. */
  judge: (slot: number, egress: number, at: number, len: number) => void = () => {};
  /** Tail that each frame of the batch goes on in, or -1. */
  readonly tails: Int32Array;
  private readonly known = new Set<number>();

  constructor(private readonly memory: PacketMemory) {
    this.rx = new Int32Array(memory.slots * 4);
    this.input = Array.from({ length: memory.slots }, () => new Uint8Array(MAX_INPUT));
    this.lengths = new Int32Array(memory.slots);
    this.ingress = new Int32Array(memory.slots);
    this.device = new Int32Array(memory.slots);
    this.tails = new Int32Array(memory.slots);
  }

  receive(): number {
    const { bytes } = this.memory;
    let tail = 0;
    for (let i = 0; i < this.count; i++) {
      const frame = this.input[i]!;
      const len = this.lengths[i]!;
      const inHead = Math.min(len, HEAD_SIZE);
      bytes.set(frame.subarray(0, inHead), headAt(i));
      this.rx[i * 4] = this.ingress[i]!;
      this.rx[i * 4 + 1] = len;
      this.tails[i] = len > HEAD_SIZE ? tail : -1;
      this.rx[i * 4 + 2] = this.tails[i]!;
      this.rx[i * 4 + 3] = this.device[i]!;
      if (len <= HEAD_SIZE) continue;
      const at = this.memory.tailAt(tail++);
      bytes.set(frame.subarray(HEAD_SIZE, len), at);
    }
    const { count } = this;
    this.count = 0;
    return count;
  }

  transmit(count: number): number {
    for (let k = 0; k < count; k++) {
      const d = k * 4;
      const at = this.tx[d + 2]!;
      const slot = slotOf(at);
      if (!this.known.has(this.tx[d]!)) {
        this.tx[d + 1] = -5; // EIO
        continue;
      }
      if (slot < 0 || slot >= this.memory.slots) throw new Error(`sends slot ${slot}`);
      if (this.tx[d + 1]! > inHead(at, this.tx[d + 1]!, 0) && this.tx[d + 3] !== this.tails[slot])
        throw new Error(`slot ${slot} goes on in tail ${this.tx[d + 3]}`);
      this.judge(slot, this.tx[d]!, at, this.tx[d + 1]!);
    }
    return 0;
  }

  addRing(port: number): void {
    this.known.add(port);
  }

  addPort(port: number): void {
    this.known.add(port);
  }

  removePort(port: number): void {
    this.known.delete(port);
  }
}
