import { expect, it } from "vitest";
import { DROP_L4_HEADER, DROP_NONE, DROP_TRUNCATED } from "../../src/wire/drop.js";
import * as sctp from "../../src/wire/sctp.js";
import * as p from "../support/packets.js";
import * as s from "../support/sctp.js";

const ENDS = { src: "192.0.2.1", dst: "192.0.2.2" };

/** The packet at offset 4 of dirty memory. */
function placed(packet: s.Sctp): { bytes: Uint8Array; halves: Uint16Array; words: Int32Array; len: number } {
  const l4 = p.parseIp(s.sctp(ENDS, packet)).l4;
  const memory = new ArrayBuffer((l4.length + 15) & ~3);
  const bytes = new Uint8Array(memory).fill(0xa5);
  bytes.set(l4, 4);
  return { bytes, halves: new Uint16Array(memory), words: new Int32Array(memory), len: l4.length };
}

it("reads tags and the first chunk, and the checksum is that of a full recompute", () => {
  const { bytes, halves, words, len } = placed({ sport: 1, dport: 2, tag: 0x01020304, type: s.INIT_ACK, initiate: 0x05060708 });
  expect([sctp.chunkType(bytes, 4), sctp.tagUpper(halves, 4), sctp.initiateTagUpper(halves, 4)]).toEqual([2, 0x0201, 0x0605]);
  expect(sctp.compute(bytes, 4, len, 0, 0)).toBe(sctp.checksum(words, 4));
  expect(sctp.compute(bytes, 4, 20, 24, len - 20)).toBe(sctp.checksum(words, 4)); // in two pieces
});

it("writes ports, corrects the checksum by them, and leaves a wrong one wrong by the same", () => {
  for (const checksum of [undefined, 0x12345678]) {
    const { bytes, words, len } = placed({
      sport: 1,
      dport: 2,
      tag: 9,
      type: s.DATA,
      data: p.payload(1001),
      ...(checksum && { checksum }),
    });
    sctp.setPorts(words, 4, 0x0403_0201, len);
    const packet = bytes.subarray(4, 4 + len);
    expect([packet[0], packet[1], packet[2], packet[3]]).toEqual([1, 2, 3, 4]);
    expect(sctp.checksum(words, 4) >>> 0 === p.crc32c(packet)).toBe(checksum === undefined);
    expect([bytes[3], bytes[4 + len]]).toEqual([0xa5, 0xa5]);
  }
});

it("drops a packet cut short at every length of its header, and one whose chunk is longer than it or shorter than a chunk can be", () => {
  const { bytes, len } = placed({ sport: 1, dport: 2, type: s.INIT });
  for (let n = 0; n < len; n++) expect(sctp.check(bytes, 4, n), `${n}`).toBe(n < 16 ? DROP_TRUNCATED : DROP_L4_HEADER);
  expect([sctp.check(bytes, 4, len), sctp.check(bytes, 4, len, len + 50)]).toEqual([DROP_NONE, DROP_NONE]);
  for (const size of [0, 3, 19, 21]) {
    p.setU16(bytes, 4 + 14, size);
    expect(sctp.check(bytes, 4, len), `${size}`).toBe(DROP_L4_HEADER);
  }
});

it("takes a first fragment whose chunk goes on in the next ones, but not without the tag of an INIT", () => {
  const { bytes, len } = placed({ sport: 1, dport: 2, tag: 5, type: s.DATA, data: p.payload(100) });
  expect([sctp.check(bytes, 4, 40), sctp.check(bytes, 4, 40, 65535), sctp.check(bytes, 4, len)]).toEqual([
    DROP_L4_HEADER,
    DROP_NONE,
    DROP_NONE,
  ]);
  const init = placed({ sport: 1, dport: 2, type: s.INIT });
  expect(sctp.check(init.bytes, 4, 24, 65535)).toBe(DROP_L4_HEADER);
});

it.each<[string, s.Sctp, boolean]>([
  ["an INIT, alone and without a tag", { sport: 1, dport: 2, type: s.INIT }, true],
  ["an INIT with a tag", { sport: 1, dport: 2, type: s.INIT, tag: 1 }, false],
  ["an INIT that asks for tag 0", { sport: 1, dport: 2, type: s.INIT, initiate: 0 }, false],
  ["an INIT with another chunk", { sport: 1, dport: 2, type: s.INIT, more: s.chunk(s.DATA, p.payload(16)) }, false],
  ["an INIT ACK", { sport: 1, dport: 2, type: s.INIT_ACK }, false],
])("says whether it opens an association: %s", (_, packet, opens) => {
  const { bytes, words, len } = placed(packet);
  expect(sctp.isOpening(bytes, words, 4, len)).toBe(opens);
});
