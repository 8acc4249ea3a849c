import { expect, it } from "vitest";
import { Batch, HEAD_ROOM } from "../../src/mem/batch.js";
import {
  DATAGRAMS_OUT_SIZE,
  HEAD_SIZE,
  HEADROOM,
  headAt,
  inHead,
  PacketMemory,
  SLOTS,
  slotOf,
  TAIL_SIZE,
} from "../../src/mem/packet-memory.js";

it("shows the same memory as bytes, halves and words", () => {
  const { bytes, halves, words, datagramsOut } = new PacketMemory(2);
  bytes.set([1, 2, 3, 4], HEAD_SIZE);
  expect(halves[HEAD_SIZE / 2]).toBe(0x0201);
  expect(words[HEAD_SIZE / 4]).toBe(0x04030201);
  expect(datagramsOut).toBe(2 * (HEADROOM + HEAD_SIZE + TAIL_SIZE));
  expect(bytes.length).toBe(datagramsOut + DATAGRAMS_OUT_SIZE + 2 * (HEAD_SIZE + TAIL_SIZE));
});

it("says how much of a frame lies in one piece: all of one without a tail, wherever it is", () => {
  const memory = new PacketMemory();
  expect([inHead(headAt(2), 100, -1), inHead(headAt(2), 9000, 4), inHead(memory.datagramsOut, 60_000, -1)]).toEqual([
    100,
    HEAD_SIZE,
    60_000,
  ]);
});

it("holds the longest frame, 64 KiB of IP behind virtio-net, Ethernet and VLAN headers, in a head and a tail", () => {
  expect(HEAD_SIZE + TAIL_SIZE).toBeGreaterThanOrEqual(10 + 14 + 4 + 65535);
});

it("puts each frame of a batch into its own head, with the IP header 4-aligned", () => {
  const batch = new Batch(new PacketMemory());
  expect(batch.at).toHaveLength(SLOTS);
  for (let i = 0; i < SLOTS; i++) {
    expect(batch.at[i]).toBe(headAt(i));
    expect((batch.at[i]! + 24) % 4).toBe(0);
  }
  expect([0, 3].map((i) => [slotOf(headAt(i)), inHead(headAt(i), 9000, 0)])).toEqual([
    [0, HEAD_SIZE],
    [3, HEAD_SIZE],
  ]);
  expect([slotOf(headAt(3) - 20), inHead(headAt(3) - 20, 9000, 0)]).toEqual([3, HEAD_SIZE + 20]);
  expect(HEAD_ROOM).toBe(HEAD_SIZE - 10);
});

it("keeps the headers that stages read within the head: Ethernet, longest IP header, ICMP, quoted longest IP header and TCP", () => {
  expect(14 + 60 + 8 + 60 + 60).toBeLessThan(HEAD_ROOM);
});
