/** A short run of what `npm run fuzz` does with sealed datagrams, with the tests' sealer and with the addon's. */
import { expect, it } from "vitest";
import { NativeSealer } from "../../src/device/native-sealer.js";
import { fuzzSealed } from "./harness/sealed.js";

it.each([
  [1, "the tests' sealer", {}],
  [2, "the addon's", { sealer: (memory: ConstructorParameters<typeof NativeSealer>[0]) => new NativeSealer(memory) }],
  [3, "the addon's", { sealer: (memory: ConstructorParameters<typeof NativeSealer>[0]) => new NativeSealer(memory) }],
])(
  "endpoints get nothing but what was sent, once, whatever somebody on the way does (seed %i, %s)",
  { timeout: 60_000 },
  (seed, _, options) => {
    const { run, wrong } = fuzzSealed(seed, ({ datagrams }) => datagrams > 10_000, options);
    expect(wrong).toBeNull();
    expect(run.delivered).toBeGreaterThan(1000);
    const reasons = run.reasons();
    for (const name of ["sealed-forged", "sealed-key", "sealed-replayed", "unsealed", "vxlan-node"])
      expect(reasons[name], name).toBeGreaterThan(0);
  },
);
