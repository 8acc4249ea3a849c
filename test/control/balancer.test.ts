import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DEFAULT_BALANCE } from "../../src/control/balance-options.js";
import { Balancer, type TargetEvent } from "../../src/control/balancer.js";
import { HealthChecks } from "../../src/control/health.js";
import type { Answer } from "../../src/control/knock.js";
import type { TargetAddress } from "../../src/control/mapping.js";
import { drainTargets, resumeTargets, targetViews } from "../../src/control/target-views.js";
import type { PublishedTarget } from "../../src/engine/messages.js";
import { TsproxyError } from "../../src/errors.js";
import { DOWN, DRAINS, OUT, TAKES } from "../../src/table/selection.js";
import { formatIp, type IpAddress, prefixOf } from "../../src/wire/ip-address.js";
import type { Proto } from "../../src/wire/ipv4.js";
import { ip } from "../support/ip.js";

beforeEach(() => {
  vi.useFakeTimers({ now: 0, toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const at = (address: string, port = 8080): TargetAddress => ({ ip: ip(address), port });
const TWO = [at("172.18.0.2"), at("172.18.0.3")];

class Fixture {
  readonly posted: [address: string, id: number, duty: number][][] = [];
  readonly events: TargetEvent[] = [];
  readonly answers = new Map<string, Answer>();
  readonly asked: string[] = [];
  gateway = "172.18.0.1";
  readonly balancer: Balancer;

  constructor(targets: readonly TargetAddress[] = TWO, options = DEFAULT_BALANCE, proto: Proto = "tcp") {
    const checks = new HealthChecks(async (address, port) => {
      this.asked.push(`${address}:${port}`);
      return this.answers.get(address) ?? "answers";
    });
    this.balancer = new Balancer(targets, proto, options, checks, {
      reach: (target) => this.reach(target),
      post: (published) => this.posted.push(described(published)),
      onEvent: (event) => this.events.push(event),
    });
    this.balancer.start(80);
  }

  reach(target: IpAddress) {
    if (formatIp(target) === "203.0.113.9") throw new TsproxyError("TSP_ERR_TARGET", "unavailable", "no way");
    return { snatSource: ip(this.gateway), network: prefixOf(target, 16), own: -1 };
  }

  get states(): string[] {
    return this.balancer.status().map(({ ip: address, state }) => `${formatIp(address)} ${state}`);
  }
}

const described = (published: readonly PublishedTarget[]): [string, number, number][] =>
  published.map(({ address, id, duty }) => [formatIp(address), id, duty]);

describe("a target's health", () => {
  it("takes it out of what takes new flows, tells workers and listeners, and brings it back", async () => {
    const f = new Fixture();
    await vi.advanceTimersByTimeAsync(1);
    expect([f.asked, f.posted, f.states]).toEqual([["172.18.0.2:8080", "172.18.0.3:8080"], [], ["172.18.0.2 up", "172.18.0.3 up"]]);
    f.answers.set("172.18.0.3", "silent");
    await vi.advanceTimersByTimeAsync(4000);
    expect(f.states[1]).toBe("172.18.0.3 up");
    await vi.advanceTimersByTimeAsync(2000);
    expect(f.posted).toEqual([
      [
        ["172.18.0.2", 1, TAKES],
        ["172.18.0.3", 2, DOWN],
      ],
    ]);
    expect(f.events).toMatchObject([{ proto: "tcp", hostPort: 80, port: 8080, state: "down", reason: "silent", checked: true }]);
    f.answers.delete("172.18.0.3");
    await vi.advanceTimersByTimeAsync(4000);
    expect(f.posted[1]).toEqual([
      ["172.18.0.2", 1, TAKES],
      ["172.18.0.3", 2, TAKES],
    ]);
    f.balancer.close();
    const asked = f.asked.length;
    await vi.advanceTimersByTimeAsync(10_000);
    expect([f.asked.length, vi.getTimerCount()]).toEqual([asked, 0]);
  });

  it.each<[string, Fixture]>([
    ["of UDP", new Fixture(TWO, DEFAULT_BALANCE, "udp")],
    ["of SCTP", new Fixture(TWO, DEFAULT_BALANCE, "sctp")],
    ["of a target that is alone", new Fixture([at("172.18.0.2")])],
    ["where checks are off", new Fixture(TWO, { ...DEFAULT_BALANCE, check: null })],
  ])("is not asked for %s", async (_, f) => {
    await vi.advanceTimersByTimeAsync(3000);
    expect([f.asked, f.balancer.status().map(({ checked }) => checked)]).toEqual([[], f.balancer.targets.map(() => false)]);
  });

  it("of UDP is asked for where a TCP port for that is named", () => {
    const { check } = DEFAULT_BALANCE;
    const f = new Fixture(TWO, { affinitySec: 0, check: { ...check!, port: 9000 } }, "udp");
    expect(f.asked).toEqual(["172.18.0.2:9000", "172.18.0.3:9000"]);
    f.balancer.close();
  });
});

describe("a target that is drained", () => {
  it("gets nothing new, keeps what it has for the time given, and comes back when told", async () => {
    const f = new Fixture();
    const all = [{ mappings: [], balancer: f.balancer }];
    expect(drainTargets(all, "172.18.0.2:8080", 10)).toBe(1);
    await vi.advanceTimersByTimeAsync(9999);
    expect([f.posted.at(-1)![0], f.states[0]]).toEqual([["172.18.0.2", 1, DRAINS], "172.18.0.2 draining"]);
    await vi.advanceTimersByTimeAsync(1);
    expect([f.posted.at(-1)![0], f.states[0]]).toEqual([["172.18.0.2", 1, OUT], "172.18.0.2 drained"]);
    expect(resumeTargets(all, "172.18.0.2")).toBe(1);
    drainTargets(all, "172.18.0.2", 300);
    drainTargets(all, "172.18.0.2", 0); // not so long after all
    expect([f.posted.at(-1)![0], vi.getTimerCount()]).toEqual([["172.18.0.2", 1, OUT], 1]); // that of the checks
    resumeTargets(all, "172.18.0.2");
    expect([f.posted.at(-1)![0], f.states[0]]).toEqual([["172.18.0.2", 1, TAKES], "172.18.0.2 up"]);
    f.balancer.close();
  });

  it.each([
    ["172.18.0.9", "TSP_ERR_TARGET"],
    ["172.18.0.2:80", "TSP_ERR_TARGET"],
    ["web", "TSP_ERR_OPTION"],
    ["172.18.0.2:0", "TSP_ERR_OPTION"],
  ])("is none that '%s' means (%s)", (word, code) => {
    const f = new Fixture();
    expect(() => drainTargets([{ mappings: [], balancer: f.balancer }], word)).toThrow(expect.objectContaining({ code }));
    f.balancer.close();
  });
});

describe("targets that change", () => {
  it("come with numbers of their own; who is withdrawn drains first, and may come back before that is over", async () => {
    const f = new Fixture();
    f.balancer.set([TWO[1]!, at("172.18.0.4")], () => 5000);
    expect(f.posted.at(-1)).toEqual([
      ["172.18.0.2", 1, DRAINS],
      ["172.18.0.3", 2, TAKES],
      ["172.18.0.4", 3, TAKES],
    ]);
    expect(f.balancer.targets).toEqual([TWO[1], at("172.18.0.4")]);
    f.balancer.set([TWO[0]!, TWO[1]!], () => 5000);
    expect(f.posted.at(-1)).toEqual([
      ["172.18.0.2", 1, TAKES],
      ["172.18.0.3", 2, TAKES],
      ["172.18.0.4", 3, DRAINS],
    ]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(f.posted.at(-1)).toEqual([
      ["172.18.0.2", 1, TAKES],
      ["172.18.0.3", 2, TAKES],
    ]);
    const posts = f.posted.length;
    f.balancer.set([TWO[0]!, TWO[1]!], () => 5000); // as before
    expect(f.posted).toHaveLength(posts);
    f.balancer.set([], () => 0);
    expect(f.posted.at(-1)).toEqual([]);
    f.balancer.close();
  });

  it("are left as they were where a new one cannot be reached", () => {
    const f = new Fixture();
    expect(() => f.balancer.set([at("203.0.113.9")], () => 0)).toThrow("no way");
    expect([f.balancer.targets, f.posted]).toEqual([TWO, []]);
    f.balancer.close();
  });

  it("are told anew when the host's way to them has changed", () => {
    const f = new Fixture();
    const reach = (target: IpAddress) => f.reach(target);
    f.balancer.revise(reach);
    expect(f.posted).toEqual([]);
    f.gateway = "172.18.0.254";
    f.balancer.revise(reach);
    expect(f.balancer.published.map(({ snatSource }) => formatIp(snatSource))).toEqual(["172.18.0.254", "172.18.0.254"]);
    expect(f.posted).toHaveLength(1);
    f.balancer.revise(() => null);
    expect(f.posted).toHaveLength(1);
    f.balancer.close();
  });
});

it("who forwards without a worker is told by turns, and a client with affinity the same again", () => {
  const chosen = (f: Fixture, ...clients: string[]): string[] =>
    clients.map((client) => formatIp(f.balancer.choose(ip(client))!.ip).slice(-1));
  expect(chosen(new Fixture(), "10.0.0.1", "10.0.0.1", "fd00::1")).toEqual(["2", "3", "2"]);
  const affine = { ...DEFAULT_BALANCE, affinitySec: 60 };
  expect(chosen(new Fixture(TWO, affine), "10.0.0.1", "10.0.0.1", "fd00::1", "fd00::2", "10.0.0.1")).toEqual(["2", "2", "3", "3", "2"]);
  const none = new Fixture();
  none.balancer.drain(() => true, 0);
  expect(none.balancer.choose(ip("10.0.0.1"))).toBeNull();
});

it("the view has a row for each target, with the flows that came to it by the port", () => {
  const f = new Fixture(TWO);
  const mapping = {
    hostPort: 80,
    hostPortEnd: 81,
    targetIp: ip("172.18.0.2"),
    targetPort: 8080,
    targetPortEnd: 8081,
    proto: "tcp" as const,
  };
  const mappings = ["0.0.0.0", "::"].map((hostIp) => ({ ...mapping, hostIp: ip(hostIp) }));
  const flow = (dport: number, target: string) => ({
    proto: "tcp" as const,
    state: "established",
    original: { src: "192.0.2.9:40000", dst: `192.0.2.1:${dport}` },
    reply: { src: target, dst: "192.0.2.9:40000" },
    timeoutSec: 1,
    offloaded: false,
    packets: [1, 1] as [number, number],
  });
  const flows = [flow(80, "172.18.0.2:8080"), flow(81, "172.18.0.2:8081"), flow(80, "172.18.0.3:8080"), flow(99, "172.18.0.3:8080")];
  const view = targetViews([{ mappings, balancer: f.balancer }], flows);
  expect(view).toMatchObject([
    { hostIps: ["0.0.0.0", "::"], hostPort: 80, hostPortEnd: 81, targetIp: "172.18.0.2", targetPort: 8080, targetPortEnd: 8081, flows: 2 },
    { targetIp: "172.18.0.3", state: "up", flows: 1 },
  ]);
  f.balancer.close();
});
