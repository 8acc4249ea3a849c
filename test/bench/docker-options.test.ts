/** Which cases `npm run bench -- docker` measures, of each half. */
import { describe, expect, it } from "vitest";
import { CASES, type Case } from "../../bench/docker/cases.js";
import { parseDocker } from "../../bench/docker/options.js";

const names = (cases: readonly Case[]): string[] => cases.map(({ name }) => name);
const casesOf = (...argv: string[]): Record<"ports" | "traffic", string[]> => {
  const { ports, traffic } = parseDocker(argv).cases;
  return { ports: names(ports), traffic: names(traffic) };
};

describe("what is measured under dockerd", () => {
  it("is everything by default; of ports only what they tell a difference of", () => {
    expect(casesOf()).toEqual({
      ports: ["docker-proxy, iptables", "tsproxy, iptables", "docker-proxy, no iptables", "tsproxy, no iptables"],
      traffic: names(CASES),
    });
  });

  it("is what --peers names, in the order of the tables whatever its own, in the mode of --iptables", () => {
    expect(casesOf("--peers", "tsproxy-network,docker-proxy")).toEqual({
      ports: ["docker-proxy, iptables", "docker-proxy, no iptables"],
      traffic: ["docker-proxy, iptables", "network of tsproxy, iptables", "docker-proxy, no iptables", "network of tsproxy, no iptables"],
    });
    expect(casesOf("--peers", "tsproxy-loop,tsproxy", "--iptables", "false")).toEqual({
      ports: ["tsproxy, no iptables"],
      traffic: ["tsproxy, no iptables", "tsproxy (loop), no iptables"],
    });
  });

  it("is one half when that is asked for; without a case of ports, traffic alone", () => {
    expect(casesOf("traffic", "--peers", "tsproxy", "--iptables", "true")).toEqual({ ports: [], traffic: ["tsproxy, iptables"] });
    expect(casesOf("ports", "--peers", "tsproxy", "--iptables", "true")).toEqual({ ports: ["tsproxy, iptables"], traffic: [] });
    expect(casesOf("--peers", "tsproxy-loop", "--iptables", "true")).toEqual({ ports: [], traffic: ["tsproxy (loop), iptables"] });
  });

  it.each([
    [["--peers", "tsproxy,tsproxy (loop)"], "--peers: there is no 'tsproxy (loop)': docker-proxy, tsproxy, tsproxy-loop, tsproxy-network"],
    [["ports", "--peers", "tsproxy-loop,tsproxy-network"], "--peers: of these, only traffic tells the difference"],
    [["--iptables", "maybe"], "--iptables 'maybe': true or false"],
    [["bulk"], "docker: there is no 'bulk': ports, traffic"],
    [["--rounds", "0"], "--rounds '0': not a whole number from 1 up"],
  ])("is nothing after %j", (argv, message) => {
    expect(() => parseDocker(argv)).toThrow(message);
  });

  it("is as long as is asked for, and short with --quick", () => {
    expect(parseDocker([])).toMatchObject({ rounds: { ports: { iptables: 1, noIptables: 3 }, traffic: 5 }, ports: 1_000, seconds: 1 });
    expect(parseDocker(["--quick", "--no-bridge-netfilter"])).toMatchObject({
      rounds: { ports: { iptables: 1, noIptables: 1 }, traffic: 1 },
      ports: 20,
      bridgeNetfilter: false,
    });
    expect(parseDocker(["--quick", "--rounds", "2"]).rounds).toEqual({ ports: { iptables: 2, noIptables: 2 }, traffic: 2 });
  });
});
