/** What the engine relies on in every `PacketIo` (`src/device/packet-io.ts`); each implementation brings a rig that plays the other end. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { DESCRIPTOR, type PacketIo } from "../../src/device/packet-io.js";
import { HEAD_SIZE, headAt, type PacketMemory } from "../../src/mem/packet-memory.js";
import { frame, macBytes, payload } from "../support/packets.js";

export interface Rig {
  memory: PacketMemory;
  io: PacketIo;
  /** Two ports that are open. */
  ports: [number, number];
  /** The other end of a port sends a frame: virtio-net header first, which asks for nothing. */
  deliver(port: number, bytes: Uint8Array): void;
  /** What the other end of a port got since the last call, without virtio-net header. */
  delivered(port: number): Promise<Uint8Array[]>;
  /** Makes the port refuse what is sent to it. */
  breakPort(port: number): void;
  /** Longest frame that both ends can carry, virtio-net header included. */
  longest: number;
  close(): void | Promise<void>;
}

/** Of an EtherType for experiments (IEEE 802), so that no network stack answers. */
export const TEST_TYPE = 0x88b5;

export function packetIoContract(make: () => Rig | Promise<Rig>): void {
  let rig: Rig;
  beforeEach(async () => {
    rig = await make();
  });
  afterEach(() => rig.close());

  const text = (length: number, start = 1): Uint8Array =>
    frame("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:01", payload(length, start), TEST_TYPE);

  /** Receives until `count` test frames came: port and bytes, put together from head and tail. */
  function receive(count: number): { port: number; bytes: Uint8Array }[] {
    const { io, memory } = rig;
    const got: { port: number; bytes: Uint8Array }[] = [];
    for (let turn = 0; turn < 20 && got.length < count; turn++) {
      const n = io.receive(0, 20);
      expect(n).toBeLessThanOrEqual(memory.slots);
      const tails = new Set<number>();
      for (let i = 0; i < n; i++) {
        const [port, len, tail] = io.rx.subarray(i * DESCRIPTOR) as unknown as [number, number, number];
        expect(tail === -1).toBe(len <= HEAD_SIZE);
        const bytes = new Uint8Array(len);
        bytes.set(memory.bytes.subarray(headAt(i), headAt(i) + Math.min(len, HEAD_SIZE)));
        if (tail !== -1) {
          expect(tails.has(tail), "each long frame has a tail of its own").toBe(false);
          tails.add(tail);
          const at = memory.tailAt(tail);
          bytes.set(memory.bytes.subarray(at, at + len - HEAD_SIZE), HEAD_SIZE);
        }
        if (bytes[22] === TEST_TYPE >> 8 && bytes[23] === (TEST_TYPE & 0xff)) got.push({ port, bytes });
      }
    }
    return got;
  }

  /** Puts a frame into head `slot` and tail `slot`, and its descriptor at place `k`. */
  function place(k: number, port: number, slot: number, bytes: Uint8Array): void {
    const { io, memory } = rig;
    memory.bytes.set(bytes.subarray(0, HEAD_SIZE), headAt(slot));
    memory.bytes.set(bytes.subarray(HEAD_SIZE), memory.tailAt(slot));
    io.tx.set([port, bytes.length, headAt(slot), bytes.length > HEAD_SIZE ? slot : -1], k * DESCRIPTOR);
  }

  it("answers 0 when nothing came, at once or after the wait, with the clock set", () => {
    while (rig.io.receive(0, 50) > 0); // what a network stack says by itself
    expect(rig.io.receive(0, 0)).toBe(0);
    expect(rig.io.receive(1000, 1)).toBe(0);
    expect(rig.io.clock[0]).toBeGreaterThanOrEqual(0);
    expect(rig.io.clock[1]).toBeLessThan(1e9);
  });

  it("brings short and long frames whole, with the port that they came from, in order", () => {
    const sizes = [46, HEAD_SIZE - 24, HEAD_SIZE - 23, 60, rig.longest - 24, 1000, 50, HEAD_SIZE - 23, 1200, 70].filter(
      (size) => size + 24 <= rig.longest,
    );
    // A second and third time: a port that had many frames may be read in another way.
    for (let burst = 0; burst < 3; burst++) {
      for (const [n, size] of sizes.entries()) rig.deliver(rig.ports[n % 2]!, text(size, n));
      const got = receive(sizes.length);
      for (const parity of [0, 1]) {
        const ofPort = got.filter(({ port }) => port === rig.ports[parity]);
        const want = sizes.map((size, n) => text(size, n)).filter((_, n) => n % 2 === parity);
        expect(ofPort.map(({ bytes }) => Buffer.from(bytes).toString("hex"))).toEqual(
          want.map((bytes) => Buffer.from(bytes).toString("hex")),
        );
      }
    }
  });

  it("brings no more than a batch at once, and the rest next time", () => {
    const count = rig.memory.slots * 2 + 5;
    for (let n = 0; n < count; n++) rig.deliver(rig.ports[0], text(50, n));
    expect(receive(count).map(({ bytes }) => bytes[24])).toEqual(Array.from({ length: count }, (_, n) => n));
  });

  it("sends short and long frames whole to the port asked for, one frame to two ports, and says how many bytes", async () => {
    const [a, b] = rig.ports;
    const [short, long] = [text(46), text(rig.longest - 24)];
    place(0, a, 0, short);
    place(1, b, 1, long);
    rig.io.tx.set([b, short.length, headAt(0), -1], 2 * DESCRIPTOR);
    expect(rig.io.transmit(3)).toBe(0);
    expect([0, 1, 2].map((k) => rig.io.tx[k * DESCRIPTOR + 1])).toEqual([short.length, long.length, short.length]);
    const hex = (frames: Uint8Array[]): string[] => frames.map((bytes) => Buffer.from(bytes).toString("hex"));
    expect(hex(await rig.delivered(a))).toEqual(hex([short.subarray(10)]));
    expect(hex(await rig.delivered(b))).toEqual(hex([long.subarray(10), short.subarray(10)]));
  });

  it("sends as many at once as the descriptors hold, in order", async () => {
    const [a] = rig.ports;
    const { slots } = rig.memory;
    const count = slots * 3 + 5;
    for (let slot = 0; slot < slots; slot++) place(slot, a, slot, text(46, slot));
    for (let k = slots; k < count; k++)
      rig.io.tx.copyWithin(k * DESCRIPTOR, (k % slots) * DESCRIPTOR, (k % slots) * DESCRIPTOR + DESCRIPTOR);
    expect(rig.io.transmit(count)).toBe(0);
    expect((await rig.delivered(a)).map((bytes) => bytes[14])).toEqual(Array.from({ length: count }, (_, k) => k % slots));
  });

  it.each([2, 20])("answers -errno for the frame that could not be sent, and sends the others, of %i", async (count) => {
    const [a, b] = rig.ports;
    rig.breakPort(b);
    for (let k = 0; k < count; k++) place(k, k === 0 || k === 7 ? b : a, k, text(46 + k));
    const broken = count > 7 ? [0, 7] : [0];
    expect(rig.io.transmit(count)).toBe(broken.length);
    for (let k = 0; k < count; k++) {
      const result = rig.io.tx[k * DESCRIPTOR + 1]!;
      if (broken.includes(k)) expect(result).toBeLessThan(0);
      else expect(result).toBe(text(46 + k).length);
    }
    expect(await rig.delivered(a)).toHaveLength(count - broken.length);
  });

  it("brings nothing more from a port that was removed", () => {
    const [a, b] = rig.ports;
    rig.io.removePort(b);
    rig.deliver(b, text(46));
    rig.deliver(a, text(46));
    const got = receive(1);
    expect(got.map(({ port }) => port)).toEqual([a]);
    expect(got[0]!.bytes.subarray(10, 16)).toEqual(macBytes("ff:ff:ff:ff:ff:ff"));
    expect(receive(1).filter(({ port }) => port === b)).toEqual([]);
  });
}
