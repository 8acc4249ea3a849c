import { expect, it } from "vitest";
import { rawHalf } from "../../src/wire/raw.js";
import { workerOf } from "../../src/wire/spread.js";
import { raw } from "../support/dataplane.js";

it.each([1, 2, 3, 4, 16])("spreads one client's connections, and many clients', evenly over %i workers", (workers) => {
  for (const many of [true, false]) {
    const share = new Int32Array(workers);
    for (let n = 0; n < 16_000; n++)
      share[workerOf(many ? raw(`10.${n & 3}.${n >> 8}.${n & 255}`) : raw("198.51.100.9"), many ? 0xbeef : rawHalf(32768 + n), workers)]!++;
    for (const count of share) expect(count / (16_000 / workers), `many clients: ${many}`).toBeCloseTo(1, 0);
  }
});
