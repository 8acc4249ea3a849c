import { describe, expect, it } from "vitest";
import { DROP_NONE, DROP_VNET_HEADER } from "../../src/wire/drop.js";
import * as tunnelVnet from "../../src/wire/vnet-tunnel.js";
import { wide } from "../support/overlay.js";
import { hex, setVnet } from "../support/packets.js";
import { views } from "../support/views.js";

/** `views` puts the bytes at 4. */
const AT = 4,
  TO = 40;

function unwrap(fields: Parameters<typeof wide>[0], overhead = 50): { reason: number; header: string } {
  const v = views(new Uint8Array(80).fill(0xa5));
  v.bytes.set(wide(fields), AT);
  const reason = tunnelVnet.unwrap(v.bytes, v.halves, AT, TO, overhead);
  expect(hex(v.bytes.subarray(TO + 10, TO + 14))).toBe("a5a5a5a5");
  return { reason, header: hex(v.bytes.subarray(TO, TO + 10)) };
}

function wrapped(fields: Parameters<typeof setVnet>[1], ...rest: [number, number, number, boolean, boolean]): string {
  const v = views(new Uint8Array(80).fill(0xa5));
  v.bytes.set(setVnet(new Uint8Array(10), fields), AT);
  tunnelVnet.wrap(v.bytes, v.halves, AT, TO, ...rest);
  expect(hex(v.bytes.subarray(TO + 24, TO + 28))).toBe("a5a5a5a5");
  return hex(v.bytes.subarray(TO, TO + 24));
}

describe("of what comes", () => {
  it("segments inside keep what is asked of them, counted from the frame inside", () => {
    const outer = { flags: 9, gso: 0x21, headers: 104, size: 1398, start: 84, field: 16, transport: 34, network: 64 };
    const inner = hex(setVnet(new Uint8Array(10), { flags: 1, gso: 1, hdrLen: 54, gsoSize: 1398, start: 34, offset: 16 }));
    expect(unwrap(outer)).toEqual({ reason: DROP_NONE, header: inner });
    expect(unwrap({ ...outer, gso: 0x41, headers: 124, start: 104, transport: 54, network: 84 }, 70)).toEqual({
      reason: DROP_NONE,
      header: inner,
    });
  });

  it("a partial checksum inside stays partial, one outside is nobody's concern any more", () => {
    expect(unwrap({ flags: 1, start: 84, field: 16 }).header).toBe(hex(setVnet(new Uint8Array(10), { flags: 1, start: 34, offset: 16 })));
    expect(unwrap({ flags: 1, start: 34, field: 6 })).toEqual({ reason: DROP_NONE, header: "00".repeat(10) });
    expect(unwrap({ flags: 2 }).header).toBe("00".repeat(10)); // what the kernel has found right is outside
  });

  it("what an older kernel leaves in the last fields is not looked at", () => {
    expect(unwrap({ transport: 0xffff, network: 0xffff })).toEqual({ reason: DROP_NONE, header: "00".repeat(10) });
  });

  it.each([
    ["segments of the outer packet", { flags: 1, gso: 5, headers: 42, size: 1000, start: 34, field: 6 }],
    ["segments without a partial checksum inside", { flags: 0, gso: 0x21, headers: 104, size: 1398 }],
    ["headers that end before the frame inside", { flags: 1, gso: 0x21, headers: 50, size: 1398, start: 84, field: 16 }],
  ])("%s are refused", (_, fields) => {
    expect(unwrap(fields).reason).toBe(DROP_VNET_HEADER);
  });
});

describe("of what goes", () => {
  it("segments are asked for with the places of both headers, congestion bits left out", () => {
    const inner = { flags: 1, gso: 0x81, hdrLen: 0, gsoSize: 1398, start: 34, offset: 16 };
    expect(wrapped(inner, 50, 34, 54, false, false)).toBe(
      hex(wide({ flags: 1, gso: 0x21, headers: 104, size: 1398, start: 84, field: 16, transport: 34, network: 64 })),
    );
    expect(wrapped(inner, 70, 54, 54, true, true)).toBe(
      hex(wide({ flags: 9, gso: 0x41, headers: 124, size: 1398, start: 104, field: 16, transport: 54, network: 84 })),
    );
  });

  it("a frame of its own asks for nothing but its checksum", () => {
    expect(wrapped({}, 50, 34, 0, false, true)).toBe("00".repeat(24));
    expect(wrapped({ flags: 1, start: 34, offset: 6 }, 50, 34, 0, false, false)).toBe(hex(wide({ flags: 1, start: 84, field: 6 })));
  });
});
