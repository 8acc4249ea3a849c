import { expect, it } from "vitest";
import { Addresses } from "../../src/table/addresses.js";
import { INTERNAL, Networks } from "../../src/table/networks.js";
import { secureRandom } from "../../src/table/random.js";
import { raw } from "../support/dataplane.js";

it("finds the network of an address, and none after it is removed", () => {
  const networks = new Networks(new Addresses(16, secureRandom()));
  expect(networks.of(raw("172.17.0.4"))).toBe(-1);
  networks.set(0, raw("172.17.0.0"), 16, raw("172.17.0.1"), 0, 0);
  networks.set(3, raw("10.0.0.0"), 24, raw("10.0.0.1"), INTERNAL, 0);
  expect(["172.17.255.255", "172.18.0.0", "10.0.0.7", "10.0.1.7"].map((a) => networks.of(raw(a)))).toEqual([0, -1, 3, -1]);
  expect([networks.end, networks.flags[3], networks.hostPort[3]]).toEqual([4, INTERNAL, -1]);
  expect(["10.0.0.255", "10.0.0.254", "172.17.255.255", "255.255.255.255"].map((a) => networks.isBroadcast(3, raw(a)))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  networks.clear(3);
  expect([networks.end, networks.of(raw("10.0.0.7"))]).toEqual([1, -1]);
});
