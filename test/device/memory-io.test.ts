import { describe, expect, it } from "vitest";
import { MemoryIo } from "../../src/device/memory-io.js";
import { HEAD_SIZE, PacketMemory, TAIL_SIZE } from "../../src/mem/packet-memory.js";
import { packetIoContract } from "./packet-io.contract.js";

describe("MemoryIo", () => {
  packetIoContract(() => {
    const memory = new PacketMemory();
    const io = new MemoryIo(memory);
    io.addPort(3);
    io.addPort(7);
    const got = (port: number): Uint8Array[] => {
      const frames = io.sent.filter((f) => f.port === port).map((f) => f.bytes.subarray(10));
      io.sent.splice(0, io.sent.length, ...io.sent.filter((f) => f.port !== port));
      return frames;
    };
    return {
      memory,
      io,
      ports: [3, 7],
      deliver: (port, bytes) => io.put(port, bytes),
      delivered: async (port) => got(port),
      breakPort: (port) => io.removePort(port),
      longest: HEAD_SIZE + TAIL_SIZE,
      close: () => {},
    };
  });

  it("cuts a frame longer than a head and a tail, as a read into them does", () => {
    const memory = new PacketMemory();
    const io = new MemoryIo(memory);
    io.addPort(0);
    io.put(0, new Uint8Array(HEAD_SIZE + TAIL_SIZE + 9));
    expect([io.receive(), io.rx[1]]).toEqual([1, HEAD_SIZE + TAIL_SIZE]);
  });
});
