import { describe, expect, it } from "vitest";
import { checkNetworkFamilies, checkPortFamilies } from "../../src/control/families.js";
import { parsePortSpec } from "../../src/control/port-spec.js";
import { TsproxyError } from "../../src/errors.js";
import { hostFamilies } from "../../src/sys/host-families.js";
import { subnet } from "../support/ip.js";

/** The error in one line, or "". */
function said(action: () => void): string {
  try {
    action();
    return "";
  } catch (error) {
    if (error instanceof TsproxyError) return `${error.code} ${error.describe()}`;
    throw error;
  }
}

describe("a host without IPv6", () => {
  it.each([
    [
      "[::]:80:10.0.0.1:80",
      /^TSP_ERR_HOST_ADDRESS \[::\]:80 -> 10\.0\.0\.1:80\/tcp: this host has no IPv6: .*disable_ipv6.*an IPv4 address$/,
    ],
    ["[fe80::1%eth0]:80:10.0.0.1:80", /^TSP_ERR_HOST_ADDRESS \[fe80::1%eth0\]:80/],
    ["80:[fd00::4]:80", /^TSP_ERR_TARGET cannot reach target fd00::4: this host has no IPv6: .*disable_ipv6/],
    ["192.0.2.1:80:[fd00::4]:80", /^TSP_ERR_TARGET/],
  ])("cannot publish %s", (text, message) => {
    expect(said(() => checkPortFamilies(parsePortSpec(text), [4]))).toMatch(message);
    expect(said(() => checkPortFamilies(parsePortSpec(text), [4, 6]))).toBe("");
  });

  it.each(["80:10.0.0.1:80", "192.0.2.1:80:10.0.0.1:80"])("can publish %s", (text) => {
    expect(said(() => checkPortFamilies(parsePortSpec(text), [4]))).toBe("");
  });

  it("reaches a target by the address that it can", () => {
    const spec = {
      ...parsePortSpec("80:10.0.0.1:80"),
      targets: { ...parsePortSpec("80:10.0.0.1:80").targets, ...parsePortSpec("80:[fd00::4]:80").targets },
    };
    expect(said(() => checkPortFamilies(spec, [4]))).toBe("");
  });

  it("has no networks of it", () => {
    const both = { ipv4: subnet("10.44.0.0/24"), ipv6: subnet("fd00:44::/64") };
    expect(said(() => checkNetworkFamilies(both, [4]))).toMatch(
      /^TSP_ERR_NETWORK network fd00:44::\/64: this host has no IPv6: .*leave IPv6 out$/,
    );
    expect(said(() => checkNetworkFamilies(both, [4, 6]))).toBe("");
    expect(said(() => checkNetworkFamilies({ ipv4: both.ipv4 }, [4]))).toBe("");
  });
});

it("every host has IPv4", () => {
  expect(hostFamilies()[0]).toBe(4);
});
