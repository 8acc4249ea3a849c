/** Ports that lead to a name: what is published for those who ask, and which endpoints are its targets. */
import { describe, expect, it } from "vitest";
import type { BalanceOptions } from "../../src/control/balance-options.js";
import type { PortSpec, TargetAddress } from "../../src/control/mapping.js";
import type { Publication } from "../../src/control/publisher.js";
import type { LiveEndpoint } from "../../src/model/live.js";
import type { Member } from "../../src/sandbox/member.js";
import { type Asking, NamedPorts } from "../../src/sandbox/named-ports.js";
import { parsePublish } from "../../src/sandbox/publish-spec.js";
import type { SandboxRecord } from "../../src/sandbox/records.js";
import { PortTakenError } from "../../src/sys/port-owner.js";
import { formatIp } from "../../src/wire/ip-address.js";
import { eachFamily, perFamily } from "../../src/wire/per-family.js";
import { ip, prefix, subnet } from "../support/ip.js";

const NETWORK = "n1";

class Fixture {
  readonly endpoints: LiveEndpoint[] = [];
  /** `HOST:PORT -> TARGETS`, what is published now; and what has become of targets, in order. */
  readonly published = new Set<string>();
  readonly notes: string[] = [];
  readonly options: BalanceOptions[] = [];
  readonly taken = new Set<number>();
  both = false;
  readonly ports = new NamedPorts(this, { publish: (spec, _, options) => this.publish(spec, options) });

  publish({ hostIp, hostPort, several, targetPort }: PortSpec, options: BalanceOptions): Publication {
    const host = hostIp ?? ip("0.0.0.0");
    if (this.taken.has(hostPort)) throw new PortTakenError("tcp", host, hostPort, "nginx (pid 1)", undefined);
    const name = `${hostIp === null ? "*" : formatIp(hostIp)}:${hostPort}`;
    const text = (targets: readonly TargetAddress[]): string => targets.map((target) => formatIp(target.ip)).join();
    const line = `${name} -> ${text(several!)} ${targetPort}`;
    this.published.add(line);
    this.options.push(options);
    let now = several!;
    const set = (next: readonly TargetAddress[], drainMsOf: (target: TargetAddress) => number): void => {
      const gone = now.filter((target) => !next.some((other) => formatIp(other.ip) === formatIp(target.ip)));
      if (text(next) !== text(now))
        this.notes.push(`${name}: ${text(next)}${gone.map((t) => ` (${formatIp(t.ip)} ${drainMsOf(t) > 0 ? "drains" : "is out"})`)}`);
      now = next;
    };
    return {
      mappings: [],
      balancer: { set } as unknown as Publication["balancer"],
      close: async () => void this.published.delete(line),
    } as Publication;
  }

  /** A sandbox in the network; `names`: its own first. */
  sandbox(n: number, names: string[], publish: string[], more: Partial<SandboxRecord["ports"][number]> = {}): Asking {
    const addresses = perFamily([ip(`172.18.0.${n}`), ...(this.both ? [ip(`fd00:18::${n}`)] : [])]);
    const subnets = {
      ipv4: subnet("172.18.0.0/16", "172.18.0.1"),
      ...(this.both && { ipv6: { prefix: prefix("fd00:18::/64"), gateway: ip("fd00:18::1") } }),
    };
    const network = { record: { id: NETWORK, subnets, options: { internal: false, hostBinding: null } } };
    const record = { id: `e${n}`, network: NETWORK, addresses, sandbox: "/run/netns/x", use: { owner: `s${n}`, names } };
    const endpoint = { record, gone: false } as unknown as LiveEndpoint;
    this.endpoints.push(endpoint);
    const member = { attachment: { network: NETWORK, endpoint: `e${n}` }, network, endpoint } as unknown as Member;
    const ports = publish.map((spec) => ({ ...parsePublish(spec), ...more }));
    const gateways = { gateway: `e${n}`, ...(this.both && { ipv6Gateway: `e${n}` }) };
    return { record: { id: `s${n}`, ports, ...gateways } as unknown as SandboxRecord, members: [member] };
  }
}

const NOBODY = new Set<string>();

describe("a port of a name", () => {
  it("leads to all that have the name, asked for once or twice, and ends with the last who asks", async () => {
    const f = new Fixture();
    const one = f.sandbox(2, ["one", "api"], ["80:api:8080", "9000:90"]);
    f.sandbox(3, ["other"], []);
    const two = f.sandbox(4, ["two", "api"], ["80:api:8080"]);
    await f.ports.arrange([one, two], NOBODY, "s2");
    expect([...f.published]).toEqual(["*:80 -> 172.18.0.2,172.18.0.4 8080"]);
    f.sandbox(5, ["three", "api"], []);
    f.endpoints.shift();
    await f.ports.settle([two], NOBODY);
    expect(f.notes).toEqual(["*:80: 172.18.0.4,172.18.0.5 (172.18.0.2 is out)"]);
    await f.ports.settle([], NOBODY);
    expect([...f.published]).toEqual([]);
  });

  it("leads to those on other nodes too, those of this one first, and has the node an address there as long as it is asked for", async () => {
    const f = new Fixture();
    const far = [
      { addresses: perFamily([ip("172.18.0.9")]), owner: "far", names: ["api"] },
      { addresses: perFamily([ip("172.18.0.8")]), owner: "other", names: ["db"] },
    ];
    const published: string[][] = [];
    const cluster = { elsewhere: () => far, publishFrom: async (networks: ReadonlySet<string>) => void published.push([...networks]) };
    const ports = new NamedPorts(f, { publish: (spec, _, options) => f.publish(spec, options) }, cluster);
    const gate = f.sandbox(2, ["gate"], ["80:api:8080", "81:nobody:1"]);
    expect([ports.nobodys(gate), ports.some]).toEqual([["nobody"], false]);
    await ports.arrange([gate], NOBODY, "s2");
    expect([...f.published]).toEqual(["*:80 -> 172.18.0.9 8080", "*:81 ->  1"]);
    expect(ports.some).toBe(true);
    expect(published.at(-1)).toEqual([NETWORK]);
    f.sandbox(3, ["one", "api"], []);
    await ports.settle([gate], NOBODY);
    far.shift();
    await ports.settle([gate], NOBODY);
    expect(f.notes).toEqual(["*:80: 172.18.0.3,172.18.0.9", "*:80: 172.18.0.3 (172.18.0.9 is out)"]);
    await ports.settle([], NOBODY);
    expect([[...f.published], published.at(-1)]).toEqual([[], []]);
  });

  it("gives nothing new to one that is being stopped", async () => {
    const f = new Fixture();
    const all = [f.sandbox(2, ["api"], ["80:api:8080"]), f.sandbox(3, ["api"], [])];
    await f.ports.arrange(all, NOBODY, "s2");
    await f.ports.settle(all, new Set(["s2"]));
    expect(f.notes).toEqual(["*:80: 172.18.0.3 (172.18.0.2 drains)"]);
  });

  it("has targets of the clients' own family in a network of both", async () => {
    const f = new Fixture();
    f.both = true;
    await f.ports.arrange([f.sandbox(2, ["api"], ["80:api:8080", "127.0.0.1:81:api:8080", "[::1]:82:api:8080"])], NOBODY, "s2");
    expect([...f.published].sort()).toEqual([
      "0.0.0.0:80 -> 172.18.0.2 8080",
      "127.0.0.1:81 -> 172.18.0.2 8080",
      "::1:82 -> fd00:18::2 8080",
      ":::80 -> fd00:18::2 8080",
    ]);
  });

  it("is spread as its options say", async () => {
    const f = new Fixture();
    await f.ports.arrange([f.sandbox(2, ["api"], ["80:api:8080"], { affinity: "client:1m", healthCheck: "off" })], NOBODY, "s2");
    expect(f.options).toEqual([{ affinitySec: 60, check: null }]);
  });

  it("that cannot be published leaves none of those that came with it", async () => {
    const f = new Fixture();
    f.taken.add(81);
    const asking = f.sandbox(2, ["api"], ["80:api:8080", "81:api:8080"]);
    await expect(f.ports.arrange([asking], NOBODY, "s2")).rejects.toThrow("Bind for 0.0.0.0:81 failed: port is already allocated");
    expect([...f.published]).toEqual([]);
    f.taken.clear();
    await f.ports.arrange([asking], NOBODY, "s2");
    expect(f.published.size).toBe(2);
    expect(eachFamily(f.endpoints[0]!.record.addresses)).toHaveLength(1);
  });

  it("that cannot be published keeps no other sandbox from its own", async () => {
    const f = new Fixture();
    f.taken.add(81);
    const all = [f.sandbox(2, ["api"], ["81:api:8080"]), f.sandbox(3, ["web"], ["80:web:8080"]), f.sandbox(4, ["other"], [])];
    await f.ports.arrange(all, NOBODY, "s3");
    await f.ports.arrange(all, NOBODY, "s4");
    expect([...f.published]).toEqual(["*:80 -> 172.18.0.3 8080"]);
    await expect(f.ports.arrange(all, NOBODY, "s2")).rejects.toThrow("port is already allocated");
    expect([...f.published]).toEqual(["*:80 -> 172.18.0.3 8080"]);
  });

  it("has 64 targets at most", async () => {
    const f = new Fixture();
    const all = Array.from({ length: 70 }, (_, n) => f.sandbox(n + 2, ["api"], ["80:api:8080"]));
    await f.ports.arrange(all, NOBODY, "s2");
    expect([...f.published][0]!.split(",")).toHaveLength(64);
  });
});
