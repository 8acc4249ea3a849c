import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DROP_L4_HEADER, DROP_NONE, DROP_TRUNCATED } from "../../src/wire/drop.js";
import * as l4 from "../../src/wire/l4.js";
import { bytesOf, hex, rawPorts } from "../support/packets.js";
import { views } from "../support/views.js";

/** 8080 > 40000, SYN|ACK, 24 bytes of header, checksum 1234. */
const TCP = bytesOf("1f909c40" + "00000001" + "00000002" + "6012faf0" + "12340000" + "020405b4");
const UDP = bytesOf("00350400" + "000c1234" + "61626364");

it("reads known bytes of TCP (RFC 9293 §3.1)", () => {
  const v = views(TCP);
  expect(l4.checkTcp(v.bytes, 4, 24)).toBe(DROP_NONE);
  expect(l4.ports(v.words, 4)).toBe(rawPorts(8080, 40000));
  expect(l4.tcpHeaderSize(v.bytes, 4)).toBe(24);
  expect(l4.tcpFlags(v.bytes, 4)).toBe(l4.TCP_SYN | l4.TCP_ACK);
});

it("writes ports and checksum, and nothing else", () => {
  const v = views(TCP);
  l4.setPorts(v.words, 4, rawPorts(8999, 40001));
  l4.updateTcpChecksum(v.halves, 4, false, 0x1111, 0x0001);
  expect(hex(v.bytes)).toBe(`a5a5a5a523279c41${hex(TCP.subarray(4, 16))}1134${hex(TCP.subarray(18))}${"a5".repeat(v.bytes.length - 28)}`);
});

it("is truncated or refused at every length that cuts a TCP header short", () => {
  const v = views(TCP);
  for (let len = 0; len < 20; len++) expect(l4.checkTcp(v.bytes, 4, len)).toBe(DROP_TRUNCATED);
  for (let len = 20; len < 24; len++) expect(l4.checkTcp(v.bytes, 4, len)).toBe(DROP_L4_HEADER);
});

it("refuses a TCP data offset below 5", () => {
  const v = views(TCP);
  for (let offset = 0; offset < 5; offset++) {
    v.bytes[16] = offset << 4;
    expect(l4.checkTcp(v.bytes, 4, 24)).toBe(DROP_L4_HEADER);
  }
});

it("reads known bytes of UDP (RFC 768), and is truncated or refused when cut short", () => {
  const v = views(UDP);
  expect(l4.checkUdp(v.bytes, 4, 12)).toBe(DROP_NONE);
  expect(l4.ports(v.words, 4)).toBe(rawPorts(53, 1024));
  for (let len = 0; len < 8; len++) expect(l4.checkUdp(v.bytes, 4, len)).toBe(DROP_TRUNCATED);
  for (let len = 8; len < 12; len++) expect(l4.checkUdp(v.bytes, 4, len)).toBe(DROP_L4_HEADER);
});

it("refuses a UDP length below 8", () => {
  const v = views(UDP);
  for (let size = 0; size < 8; size++) {
    v.bytes[9] = size;
    expect(l4.checkUdp(v.bytes, 4, 12)).toBe(DROP_L4_HEADER);
  }
});

describe("UDP checksum update (RFC 768)", () => {
  const updated = (field: number, partial: boolean, addressDelta: number, allDelta: number): number => {
    const v = views(UDP);
    v.halves[5] = field;
    l4.updateUdpChecksum(v.halves, 4, partial, addressDelta, allDelta);
    return v.halves[5]!;
  };

  it("keeps 0, which says that there is none", () => expect(updated(0, false, 0x1234, 0x5678)).toBe(0));
  it("writes a result of 0 as 0xffff", () => expect(updated(1, false, 0, 1)).toBe(0xffff));
  it("applies the addresses' delta alone to a partial one", () => expect(updated(0x1000, true, 0x0234, 0x5678)).toBe(0x1234));
  it("applies the whole delta to a full one", () => expect(updated(0x1234, false, 0xffff, 0x0034)).toBe(0x1200));
});

it("takes flags and header size from a whole word as from bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (header) => {
      const v = views(header);
      const word = v.words[1 + l4.TCP_FLAGS_WORD]!;
      expect([l4.tcpFlagsOf(word), l4.tcpHeaderSizeOf(word)]).toEqual([header[13], l4.tcpHeaderSize(v.bytes, 4)]);
    }),
  );
});

describe("the timestamps option (RFC 7323 §3.2)", () => {
  const at = (options: string): number => {
    const size = 20 + options.length / 2;
    const v = views(bytesOf(`1f909c400000000100000002${((size / 4) << 4).toString(16)}12faf012340000${options}`));
    return l4.tcpTimestampsAt(v.bytes, 4) - 4;
  };

  it.each([
    ["alone", "0101080a0000000100000002", 24],
    ["in a SYN of Linux's, behind others", "020405b40402080a000000010000000001030307", 28],
    ["behind one that nobody knows", "fd06000000000101080a00000001000000020000", 30],
  ])("is found: %s", (_, options, place) => {
    expect(at(options)).toBe(place);
  });

  it.each([
    ["there are none", ""],
    ["another one is alone", "020405b4"],
    ["it is behind the end of the list", "00000000080a00000001000000020000"],
    ["it is of another length", "0101080b0000000100000002"],
    ["it is cut off by the header's end", "01010101080a000000010000"],
    ["one before it has no length", "fd00080a000000010000000200000000"],
    ["one before it is longer than the header", "fdff080a000000010000000200000000"],
  ])("is not where %s", (_, options) => {
    expect(at(options)).toBe(-5);
  });

  it("is looked for within the header alone, whatever it says", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 60, maxLength: 60 }), (bytes) => {
        const place = l4.tcpTimestampsAt(bytes, 0);
        expect(place === -1 || (place >= 22 && place + 8 <= l4.tcpHeaderSize(bytes, 0))).toBe(true);
      }),
    );
  });
});
