/** What of a file of flows is taken, and why the rest is not. */
import { describe, expect, it } from "vitest";
import { DEFAULT_TIMEOUTS } from "../../src/table/conntrack.js";
import { checkHeader, FlowFile, flowFileSize, HEADER_BYTES, rowsAt } from "../../src/table/flow-file.js";

const OWNER = { role: 1, boot: Int32Array.of(1, -2, 3, -4), netns: 4_026_531_840, cookie: 7 };
const CAPACITY = 1000;

function file(owner = OWNER, worker = 1, workers = 2): { buffer: ArrayBuffer; page: Int32Array; file: FlowFile } {
  const buffer = new ArrayBuffer(flowFileSize(CAPACITY));
  const made = new FlowFile(buffer, CAPACITY);
  made.begin(owner, worker, workers, DEFAULT_TIMEOUTS);
  return { buffer, page: new Int32Array(buffer, 0, HEADER_BYTES / 4), file: made };
}

it("lays out its parts one after another, none over another, rows on a page of their own", () => {
  const { file: f } = file();
  const parts = [f.portKind, f.portAddress, f.portAddress6, f.portOwner, f.device, f.rows, f.addressWords];
  for (const [i, part] of parts.entries()) {
    expect(part.byteOffset).toBeGreaterThanOrEqual(i === 0 ? 4096 : parts[i - 1]!.byteOffset + parts[i - 1]!.byteLength);
  }
  expect(f.rows.byteOffset).toBe(rowsAt(CAPACITY));
  expect(rowsAt(CAPACITY) % 4096).toBe(0);
  expect(flowFileSize(CAPACITY)).toBe(f.addressWords.byteOffset + f.addressWords.byteLength);
});

it("says whose it is, for how many flows, and with which time-outs", () => {
  const { buffer, page } = file();
  expect(checkHeader(page, OWNER)).toEqual({ capacity: CAPACITY, role: 1, sameHost: true });
  const read = new FlowFile(buffer, CAPACITY);
  expect([read.worker, read.workers, [...read.timeouts]]).toEqual([1, 2, [...DEFAULT_TIMEOUTS]]);
});

it("is another network namespace's, and so left alone", () => {
  const { netns } = OWNER;
  expect(checkHeader(file().page, { ...OWNER, netns: netns + 1, cookie: 8 })).toEqual({ sameHost: false, netns });
  const large = netns + 2 ** 32;
  expect(checkHeader(file({ ...OWNER, netns: large }).page, OWNER)).toEqual({ sameHost: false, netns: large });
});

it("is of a network namespace that has ended where its inode is another one's now", () => {
  for (const cookie of [8, OWNER.cookie + 2 ** 32])
    expect(checkHeader(file().page, { ...OWNER, cookie })).toEqual({ sameHost: false, netns: null });
});

describe("is refused", () => {
  it("when it is of an earlier boot, where seconds count from another moment", () => {
    expect(checkHeader(file().page, { ...OWNER, boot: Int32Array.of(1, -2, 3, 4) })).toEqual({ refused: "of an earlier boot" });
  });

  it("when it is cut short, empty or foreign", () => {
    expect(checkHeader(file().page.subarray(0, 100), OWNER)).toEqual({ refused: "it is none" });
    expect(checkHeader(new Int32Array(128), OWNER)).toEqual({ refused: "it is none" });
    expect(checkHeader(new Int32Array(128).fill(0x20202020), OWNER)).toEqual({ refused: "it is none" });
  });

  it("when it has another layout", () => {
    const { page } = file();
    page[1]! += 1;
    expect(checkHeader(page, OWNER)).toEqual({ refused: "another version" });
  });

  it("when any word of its header has changed", () => {
    for (let at = 2; at < HEADER_BYTES / 4; at++) {
      const { page } = file();
      page[at]! ^= 1 << (at % 32);
      expect(checkHeader(page, OWNER)).toEqual({ refused: "damaged" });
    }
  });

  it("when it was being made", () => {
    const { page } = file();
    page[0] = 0; // the last word that is written
    expect(checkHeader(page, OWNER)).toEqual({ refused: "it is none" });
  });
});

it("takes no more states than fit into its header", () => {
  expect(() => file().file.begin(OWNER, 0, 1, new Int32Array(200))).toThrow(RangeError);
});
