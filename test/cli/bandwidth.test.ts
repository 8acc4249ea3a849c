import { expect, it } from "vitest";
import { parseBandwidth } from "../../src/cli/bandwidth.js";
import { TsproxyError } from "../../src/errors.js";

it.each([
  ["egress=10mbit", { egress: { rate: 10e6, burst: 100_000 } }],
  ["ingress=1gbit:64kbit,egress=1.5Mbit", { ingress: { rate: 1e9, burst: 64_000 }, egress: { rate: 1.5e6, burst: 15_000 } }],
  ["ingress=8000,egress=10k", { ingress: { rate: 8000, burst: 80 }, egress: { rate: 10_000, burst: 100 } }],
])("reads %s", (text, limits) => {
  expect(parseBandwidth(text)).toEqual(limits);
});

it.each([
  ["10mbit", "'10mbit' is neither egress=RATE nor ingress=RATE"],
  ["egress=fast", "'fast' is no number of bits"],
  ["egress=0", "'0' is no number of bits"],
  ["egress=1mbit:", "'' is no number of bits"],
  ["egress=1mbit,egress=2mbit", "egress is there twice"],
])("refuses %s", (text, message) => {
  expect(() => parseBandwidth(text)).toThrow(TsproxyError);
  expect(() => parseBandwidth(text)).toThrow(message);
});
