/** Frames through TAP descriptors, and out of a ring buffer of BPF, by the addon (`native/io.c`). */
import { HEAD_SIZE, HEADROOM, type PacketMemory, TAIL_SIZE } from "../mem/packet-memory.js";
import { type IoHandle, native } from "../sys/native.js";
import { DESCRIPTOR, type PacketIo, TX_MAX } from "./packet-io.js";

export class NativeIo implements PacketIo {
  readonly rx: Int32Array;
  readonly tx = new Int32Array(TX_MAX * DESCRIPTOR);
  readonly clock = new Int32Array(16);
  private readonly handle: IoHandle;

  /** `wakeFd`: an eventfd; a signal on it ends a waiting `receive`. */
  constructor(memory: PacketMemory, wakeFd: number) {
    this.rx = new Int32Array(memory.slots * DESCRIPTOR);
    this.handle = native.ioCreate(memory.bytes, memory.slots, HEADROOM, HEAD_SIZE, TAIL_SIZE, this.rx, this.tx, this.clock, wakeFd);
  }

  receive(spinNs: number, timeoutMs: number): number {
    return native.ioReceive(this.handle, spinNs, timeoutMs);
  }

  transmit(count: number): number {
    return native.ioTransmit(this.handle, count);
  }

  addPort(port: number, fd: number): void {
    native.ioAddPort(this.handle, port, fd);
  }

  addRing(port: number, fd: number, size: number): void {
    native.ioAddRing(this.handle, port, fd, size);
  }

  removePort(port: number): void {
    native.ioRemovePort(this.handle, port);
  }

  /** Counts in `clock[2]` when `fd` gets something to read. */
  watch(fd: number): void {
    native.ioWatch(this.handle, fd);
  }
}
