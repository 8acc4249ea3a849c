/** The ring of captured packets: what is written is read, in order, each in one piece; what finds no room is counted. */
import { describe, expect, it } from "vitest";
import { CaptureRing, captureRing } from "../../src/table/capture-ring.js";
import { HEADER_WORDS, IN_LENGTH, LOST, SIZE } from "../../src/wire/capture-record.js";
import { Random } from "../support/random.js";

const LEAST = HEADER_WORDS * 4;

function pair(size: number): { writer: CaptureRing; reader: CaptureRing } {
  const memory = captureRing(size);
  return { writer: new CaptureRing(memory), reader: new CaptureRing(memory) };
}

function write(ring: CaptureRing, n: number, size = LEAST): boolean {
  const place = ring.reserve(size);
  if (place === -1) return false;
  ring.words[place + IN_LENGTH] = n;
  ring.words.fill(n, place + HEADER_WORDS, place + size / 4);
  return true;
}

/** Number of the oldest record, which is taken, and how many were lost before it; undefined: there is none. */
function read(ring: CaptureRing): { n: number; lost: number } | undefined {
  const place = ring.peek();
  if (place === -1) return undefined;
  const n = ring.words[place + IN_LENGTH]!;
  const size = ring.words[place + SIZE]!;
  expect([...ring.words.subarray(place + HEADER_WORDS, place + size / 4)].every((word) => word === n)).toBe(true);
  const lost = ring.words[place + LOST]!;
  ring.free(place);
  return { n, lost };
}

describe("CaptureRing", () => {
  it("shows a record when it is published, and not before", () => {
    const { writer, reader } = pair(4096);
    write(writer, 1);
    expect(read(reader)).toBeUndefined();
    writer.publish();
    expect(read(reader)).toEqual({ n: 1, lost: 0 });
    expect(read(reader)).toBeUndefined();
  });

  it("has the reader told once, until that looks", () => {
    const { writer, reader } = pair(4096);
    write(writer, 1);
    expect(writer.publish()).toBe(true);
    write(writer, 2);
    expect(writer.publish()).toBe(false);
    reader.listen();
    expect(writer.publish()).toBe(false); // nothing new
    write(writer, 3);
    expect(writer.publish()).toBe(true);
  });

  it("counts what finds no room, and the next record says how many there were", () => {
    const { writer, reader } = pair(LEAST * 4);
    let n = 0;
    while (write(writer, n)) n++;
    expect(write(writer, 99)).toBe(false);
    writer.publish();
    for (let k = 0; k < n; k++) expect(read(reader)).toEqual({ n: k, lost: 0 });
    expect(write(writer, 100)).toBe(true);
    writer.publish();
    expect(read(reader)).toEqual({ n: 100, lost: 2 });
    expect(reader.lostInAll).toBe(2);
  });

  it("keeps order and bytes, whatever the sizes and whoever is ahead, and loses nothing uncounted", () => {
    const random = new Random(7);
    const below = (limit: number): number => (random.int32() >>> 0) % limit;
    const { writer, reader } = pair(4096);
    let written = 0;
    let next = 0;
    let lost = 0;
    const take = (): boolean => {
      const got = read(reader);
      if (got === undefined) return false;
      lost += got.lost;
      next += got.lost;
      expect(got.n).toBe(next++);
      return true;
    };
    for (let round = 0; round < 20_000; round++) {
      for (let k = below(5); k > 0; k--) write(writer, written++, LEAST + 4 * below(round % 3 === 0 ? 300 : 20));
      if (below(2) === 0) writer.publish();
      for (let k = below(5); k > 0; k--) if (!take()) break;
    }
    writer.publish();
    while (take()) {}
    expect(next + (reader.lostInAll - lost)).toBe(written);
    expect(lost).toBeGreaterThan(0);
    expect(next).toBeGreaterThan(10_000);
  });
});
