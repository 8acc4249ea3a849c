/** What the fuzzer (`main.ts`, `npm run fuzz`) once found stays right, and a short run of it finds nothing. */
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { type Failure, fuzz, replay } from "./harness/run.js";
import { fuzzSealed, type SealedFailure } from "./harness/sealed.js";
import { configOf } from "./harness/world.js";

const FAILURES = "test/fuzz/failures";
const files = fs.existsSync(FAILURES) ? fs.readdirSync(FAILURES).filter((file) => file.endsWith(".json")) : [];

describe.skipIf(files.length === 0)("failures of the past", () => {
  it.each(files)("%s", (file) => {
    const failure = JSON.parse(fs.readFileSync(path.join(FAILURES, file), "utf8")) as Failure | SealedFailure;
    if (!("sealed" in failure)) expect(replay(failure)).toBeNull();
    else expect(fuzzSealed(failure.sealed, ({ datagrams }) => datagrams >= failure.datagrams).wrong).toBeNull();
  });
});

it.each([1, 2, 3, 4, 5, 6])("sends nothing that the model forbids (seed %i)", { timeout: 60_000 }, (seed) => {
  const { run, failure } = fuzz(configOf(seed), ({ frames }) => frames > 50_000);
  expect(failure?.what ?? null).toBeNull();
  expect(run.oracle.routed).toBeGreaterThan(1000);
  expect(run.oracle.confirmed).toBeGreaterThan(100);
  if (run.world.config.ipv6 === true) expect(run.oracle.across).toBeGreaterThan(100);
});
