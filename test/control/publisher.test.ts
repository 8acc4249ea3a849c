import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { PortSpec } from "../../src/control/mapping.js";
import type { PublishedRange } from "../../src/engine/messages.js";
import { TsproxyError } from "../../src/errors.js";
import { setLogSink } from "../../src/log.js";
import { native } from "../../src/sys/native.js";
import { formatIp, formatPrefix } from "../../src/wire/ip-address.js";
import { ip } from "../support/ip.js";
import {
  FAR_TARGET,
  freePorts,
  isFree,
  OWN_TARGET,
  openDescriptors,
  PublisherFixture,
  release,
  spec,
  TARGET,
  take,
  UNNUMBERED_TARGET,
} from "./publisher-fixture.js";

const EMFILE = 24;

/** The error as its code, and as people read it. */
function errorOf(action: () => unknown): [code: string, text: string] {
  try {
    action();
  } catch (error) {
    if (error instanceof TsproxyError) return [error.code, error.describe()];
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("publishing", () => {
  it("holds the port, tells the worker and then the steering; closing takes it all back, the other way round", async () => {
    const f = new PublisherFixture();
    const port = freePorts(1);
    const publication = f.publisher.publish(spec(port));
    expect(publication.mappings).toEqual([
      {
        hostIp: ip("127.0.0.1"),
        hostPort: port,
        hostPortEnd: port,
        targetIp: ip(TARGET),
        targetPort: 8080,
        targetPortEnd: 8080,
        proto: "tcp",
      },
    ]);
    expect([isFree(port), isFree(port, 17)]).toEqual([false, true]);
    expect(f.publisher.mappings()).toEqual(publication.mappings);
    await publication.close();
    expect(f.notes).toEqual([`publish 0`, `steer 6 127.0.0.1 ${port}-${port}`, `leave 6 127.0.0.1 ${port}-${port}`, "withdraw 0"]);
    expect([isFree(port), f.publisher.mappings()]).toEqual([true, []]);
    await publication.close();
    expect(f.notes).toHaveLength(4);
  });

  it("makes one rule of a range, of UDP too, under a number of its own", async () => {
    const f = new PublisherFixture();
    const first = freePorts(4);
    const publications = [f.publisher.publish(spec(first, 4, { proto: "udp" })), f.publisher.publish(spec(first, 4))];
    expect(publications[0]!.mappings[0]).toMatchObject({ hostPort: first, hostPortEnd: first + 3, targetPort: 8080, targetPortEnd: 8083 });
    expect(f.rules.map(({ id }) => id)).toEqual([0, 1]);
    expect(f.rules[0]!.rule).toMatchObject({
      proto: 17,
      hostIp: ip("127.0.0.1"),
      firstPort: first,
      lastPort: first + 3,
      targets: [{ port: 8080 }],
    });
    expect([0, 1, 2, 3].map((n) => isFree(first + n, 17))).toEqual([false, false, false, false]);
    await f.publisher.close();
    expect([0, 1, 2, 3].map((n) => isFree(first + n, 17) && isFree(first + n))).toEqual([true, true, true, true]);
    expect(f.notes.filter((note) => note.startsWith("withdraw"))).toEqual(["withdraw 1", "withdraw 0"]);
  });

  it("says how the target is reached: by the kernel next to the host, in an own network, behind a gateway", () => {
    const f = new PublisherFixture();
    const port = freePorts(3);
    for (const [n, targetIp] of [TARGET, OWN_TARGET, FAR_TARGET].entries())
      f.publisher.publish(spec(port + n, 1, { targets: { ipv4: ip(targetIp) } }));
    const reached = f.rules.map(({ rule }) => {
      const { address, network, snatSource, onlink } = rule.targets[0]!;
      return [formatIp(address), network, formatIp(snatSource), formatPrefix(onlink)];
    });
    expect(reached).toEqual([
      [TARGET, -1, "172.17.0.1", "172.17.0.0/16"],
      [OWN_TARGET, 5, "10.44.0.1", "10.44.0.0/24"],
      [FAR_TARGET, -1, "192.0.2.1", "0.0.0.0/0"],
    ]);
    return f.publisher.close();
  });

  it("picks a free port where none is named, and the first free one of a range", async () => {
    const f = new PublisherFixture();
    const [mapping] = f.publisher.publish(spec(0)).mappings;
    expect(mapping!.hostPort).toBeGreaterThan(1023);
    expect(mapping!.hostPortEnd).toBe(mapping!.hostPort);
    const first = freePorts(3);
    const other = take(first);
    const pick = { pickFromRange: true, targetPortEnd: 8080 };
    const picked = f.publisher.publish(spec(first, 3, pick)).mappings[0]!;
    expect([picked.hostPort, picked.hostPortEnd, picked.targetPortEnd]).toEqual([first + 1, first + 1, 8080]);
    f.publisher.publish(spec(first, 3, pick));
    expect(errorOf(() => f.publisher.publish(spec(first, 3, pick)))).toEqual([
      "TSP_ERR_PORT_TAKEN",
      `every host port of 127.0.0.1:${first}-${first + 2}/tcp is taken: publish another range`,
    ]);
    release(other);
    await f.publisher.close();
  });
});

describe("an IPv6 address of the host", () => {
  const V6_TARGET = "fd00::4";
  const anywhere = (port: number, more = {}) => ({
    ...spec(port),
    hostIp: null,
    targets: { ipv4: ip(TARGET), ipv6: ip(V6_TARGET) },
    ...more,
  });
  const begin = (): PublisherFixture => {
    const f = new PublisherFixture();
    f.families.push(6);
    f.routes.set(V6_TARGET, { type: "unicast", oif: 9, prefSrc: "fd00::1" });
    return f;
  };
  const isFree6 = (port: number): boolean => {
    const fd = native.holdPort(6, new Uint8Array(16), port, -1, 0);
    release(fd);
    return fd >= 0;
  };

  it("holds its port for IPv6 alone, beside a program that has the IPv4 one", async () => {
    const f = begin();
    const port = freePorts(1);
    const other = take(port);
    onTestFinished(() => release(other));
    const { targets } = anywhere(port);
    await f.publisher.publish({ ...spec(port), hostIp: ip("::1"), targets }).close();
    expect(f.rules[0]!.rule).toMatchObject({ hostIp: ip("::1"), targets: [{ address: ip(V6_TARGET), snatSource: ip("fd00::1") }] });
  });

  it("and the IPv4 ones get one port, one rule a family, where every address is meant", async () => {
    const f = begin();
    const port = freePorts(1);
    const publication = f.publisher.publish(anywhere(port));
    expect(publication.mappings.map(({ hostIp, hostPort, targetIp }) => [formatIp(hostIp), hostPort, formatIp(targetIp)])).toEqual([
      ["0.0.0.0", port, TARGET],
      ["::", port, V6_TARGET],
    ]);
    expect([isFree(port), isFree6(port)]).toEqual([false, false]);
    await publication.close();
    expect([isFree(port), isFree6(port)]).toEqual([true, true]);
    const picked = f.publisher.publish(anywhere(0)).mappings;
    expect(picked[1]!.hostPort).toBe(picked[0]!.hostPort);
  });

  it("that has the port already makes the next of a range be picked for all, and a single port refused with nothing held", async () => {
    const f = begin();
    const port = freePorts(2);
    const other = native.holdPort(6, new Uint8Array(16), port, -1, 0);
    onTestFinished(() => release(other));
    const picked = f.publisher.publish(anywhere(port, { hostPortEnd: port + 1, pickFromRange: true })).mappings;
    expect(picked.map(({ hostPort }) => hostPort)).toEqual([port + 1, port + 1]);
    expect(() => f.publisher.publish(anywhere(port))).toThrow("is taken");
    await new Promise(setImmediate);
    expect(isFree(port)).toBe(true);
  });

  it("leads to a target of IPv4 that has no other, and the other way round; is left out where the host has none", async () => {
    const f = begin();
    const published = (targets: PortSpec["targets"]): string[] =>
      f.publisher
        .publish(anywhere(freePorts(1), { targets }))
        .mappings.map(({ hostIp, targetIp }) => `${formatIp(hostIp)} ${formatIp(targetIp)}`);
    expect(published({ ipv4: ip(TARGET) })).toEqual([`0.0.0.0 ${TARGET}`, `:: ${TARGET}`]);
    expect(published({ ipv6: ip(V6_TARGET) })).toEqual([`0.0.0.0 ${V6_TARGET}`, `:: ${V6_TARGET}`]);
    expect(f.rules[1]!.rule).toMatchObject({ hostIp: ip("::"), targets: [{ address: ip(TARGET), snatSource: ip("172.17.0.1") }] });
    f.families.pop();
    expect(published({ ipv4: ip(TARGET) })).toEqual([`0.0.0.0 ${TARGET}`]);
    await f.publisher.close();
  });

  it("that nobody named is left out, with a word, where a range would need more descriptors than there are", async () => {
    const f = begin();
    const port = freePorts(4);
    const { holdPort } = native;
    const spy = vi.spyOn(native, "holdPort").mockImplementation((...args) => {
      return args[1].length === 16 && args[2] === port + 2 ? -EMFILE : holdPort(...args);
    });
    onTestFinished(() => spy.mockRestore());
    const said: string[] = [];
    setLogSink((level, message) => level === "warn" && said.push(message));
    onTestFinished(() => setLogSink(() => {}));
    const range = { hostPortEnd: port + 3, targetPortEnd: 8083 };
    const { mappings, close } = f.publisher.publish(anywhere(port, range));
    expect(mappings.map(({ hostIp, hostPortEnd }) => [formatIp(hostIp), hostPortEnd])).toEqual([["0.0.0.0", port + 3]]);
    expect(said).toEqual([expect.stringMatching(/^\[::\]:\d+-\d+ -> .* is left out: cannot hold 4 ports: too many open files: raise/)]);
    await new Promise(setImmediate);
    expect([isFree(port), isFree6(port)]).toEqual([false, true]);
    expect(errorOf(() => f.publisher.publish({ ...anywhere(port, range), hostIp: ip("::") }))[0]).toBe("TSP_ERR_PORT_BIND");
    await close();
    expect(isFree(port)).toBe(true);
  });

  it("whose interface is not there is refused", () => {
    const f = begin();
    const zoned = { ...anywhere(freePorts(1)), hostIp: ip("fe80::1"), hostZone: "nic7" };
    expect(errorOf(() => f.publisher.publish(zoned))[0]).toBe("TSP_ERR_HOST_ADDRESS");
  });
});

describe("what cannot be published", () => {
  it("leaves no descriptor open: a range of which some ports are taken, again and again", () => {
    const f = new PublisherFixture();
    const first = freePorts(8);
    for (const taken of [first, first + 3, first + 7]) {
      const other = take(taken);
      const before = openDescriptors();
      for (let n = 0; n < 20; n++)
        expect(errorOf(() => f.publisher.publish(spec(first, 8)))[1]).toMatch(`host port 127.0.0.1:${taken}/tcp is taken by `);
      expect(openDescriptors()).toBe(before);
      release(other);
      for (let port = first; port < first + 8; port++) expect(isFree(port), `${port}`).toBe(true);
    }
    expect(f.notes).toEqual([]);
  });

  it("is named by who published it, where that was us", async () => {
    const f = new PublisherFixture();
    const first = freePorts(4);
    f.publisher.publish(spec(first + 1, 2));
    const [code, text] = errorOf(() => f.publisher.publish(spec(first, 4)));
    expect([code, text]).toEqual([
      "TSP_ERR_PORT_TAKEN",
      `host port 127.0.0.1:${first + 1}/tcp is taken by port 8080 of ${TARGET}: publish another host port`,
    ]);
    expect(errorOf(() => f.publisher.publish(spec(first + 2, 1)))[1]).toContain(`port 8081 of ${TARGET}`);
    await f.publisher.close();
  });

  it("is undone when the steering fails: the rule is withdrawn, the port free", async () => {
    const f = new PublisherFixture();
    const port = freePorts(1);
    f.failing = "steering";
    expect(() => f.publisher.publish(spec(port))).toThrow("no room in the map");
    await new Promise(setImmediate);
    expect(f.notes).toEqual(["publish 0", "withdraw 0"]);
    expect([isFree(port), f.publisher.mappings()]).toEqual([true, []]);
  });

  it.each([
    ["192.0.2.1", "TSP_ERR_TARGET", /^target 192\.0\.2\.1 is an address of this host itself: /],
    ["10.44.0.1", "TSP_ERR_TARGET", /^target 10\.44\.0\.1 is an address of this host itself: /],
    ["198.51.100.1", "TSP_ERR_TARGET", /^cannot reach target 198\.51\.100\.1: no route to it: /],
    ["198.51.100.2", "TSP_ERR_TARGET", /^cannot reach target 198\.51\.100\.2: it is a blackhole address: /],
    ["198.51.100.3", "TSP_ERR_TARGET", /^cannot reach target 198\.51\.100\.3: the host has no address on that route: give it one: /],
  ])("is said before anything is held: %s", (targetIp, code, text) => {
    const f = new PublisherFixture();
    f.routes.set("198.51.100.2", { type: "blackhole" });
    f.routes.set("198.51.100.3", { type: "unicast", oif: 9 });
    const port = freePorts(1);
    const [gotCode, gotText] = errorOf(() => f.publisher.publish(spec(port, 1, { targets: { ipv4: ip(targetIp) } })));
    expect(gotCode).toBe(code);
    expect(gotText).toMatch(text);
    expect([isFree(port), f.notes]).toEqual([true, []]);
  });

  it("is a range for which there are not descriptors enough: says what to raise, and closes those that it got", () => {
    const f = new PublisherFixture();
    const first = freePorts(4);
    const before = openDescriptors();
    const { holdPort } = native;
    const spy = vi.spyOn(native, "holdPort").mockImplementation((...args) => (args[2] === first + 3 ? -EMFILE : holdPort(...args)));
    onTestFinished(() => spy.mockRestore());
    expect(errorOf(() => f.publisher.publish(spec(first, 4)))).toEqual([
      "TSP_ERR_PORT_BIND",
      "cannot hold 4 ports: too many open files: raise 'ulimit -n'",
    ]);
    expect(openDescriptors()).toBe(before);
  });

  it("is an address that the host has not", () => {
    const f = new PublisherFixture();
    expect(errorOf(() => f.publisher.publish(spec(freePorts(1), 1, { hostIp: ip("192.0.2.99") })))[0]).toBe("TSP_ERR_HOST_ADDRESS");
  });
});

describe("several targets", () => {
  const SEVERAL = [
    { ip: ip(TARGET), port: 8080 },
    { ip: ip(OWN_TARGET), port: 9090 },
  ];
  const OFF = { affinitySec: 60, check: null };

  it("are one rule a family, which share turns and clients, and what changes is told to each", async () => {
    const f = new PublisherFixture();
    f.families.push(6);
    const port = freePorts(1);
    const publication = f.publisher.publish({ ...spec(port), hostIp: null, several: SEVERAL }, undefined, OFF);
    expect(f.rules.map(({ rule }) => rule.targets.map((t) => [t.id, formatIp(t.address), t.port, t.network]))).toEqual([
      [
        [1, TARGET, 8080, -1],
        [2, OWN_TARGET, 9090, 5],
      ],
      [
        [1, TARGET, 8080, -1],
        [2, OWN_TARGET, 9090, 5],
      ],
    ]);
    expect(f.rules[0]!.rule.selection).toBeInstanceOf(SharedArrayBuffer);
    expect(f.rules[0]!.rule.selection).toBe(f.rules[1]!.rule.selection);
    f.notes.length = 0;
    f.bridgeAddress = "172.17.0.254";
    f.change!();
    expect(f.notes).toEqual(["targets 0", "targets 1"]);
    publication.balancer!.set(SEVERAL.slice(1), () => 0);
    expect(publication.mappings.map(({ several }) => several)).toEqual([SEVERAL.slice(1), SEVERAL.slice(1)]);
    await publication.close();
    f.notes.length = 0;
    publication.balancer!.drain(() => true, 0);
    expect([f.notes, f.publisher.balanced, isFree(port)]).toEqual([[], [], true]);
  });

  it("are all reachable, or nothing is published", async () => {
    const f = new PublisherFixture();
    const port = freePorts(1);
    const several = [...SEVERAL, { ip: ip("198.51.100.1"), port: 80 }];
    expect(errorOf(() => f.publisher.publish({ ...spec(port), several }))[0]).toBe("TSP_ERR_TARGET");
    await new Promise(setImmediate);
    expect([f.notes, isFree(port)]).toEqual([[], true]);
  });
});

describe("when the host changes", () => {
  const way = ({ targets }: PublishedRange): string[] => [formatIp(targets[0]!.snatSource), formatPrefix(targets[0]!.onlink)];

  it("a rule follows its target's link: another address there, a bridge that appears, one that goes; and only if something changed", async () => {
    const f = new PublisherFixture();
    const publication = f.publisher.publish(spec(freePorts(1)));
    f.change!();
    expect(f.rules).toHaveLength(1);
    f.bridgeAddress = "172.17.0.254";
    f.change!();
    expect(f.rules.map(({ id, rule }) => [id, formatIp(rule.targets[0]!.snatSource)])).toEqual([
      [0, "172.17.0.1"],
      [0, "172.17.0.254"],
    ]);
    f.routes.set(TARGET, { type: "unicast", oif: 2, gateway: "192.0.2.254", prefSrc: "192.0.2.1" });
    f.change!();
    expect(way(f.rules[2]!.rule)).toEqual(["192.0.2.1", "0.0.0.0/0"]);
    f.routes.set(TARGET, null);
    f.change!();
    expect(f.rules).toHaveLength(3);
    await publication.close();
    f.routes.set(TARGET, { type: "unicast", oif: 3 });
    f.change!();
    expect(f.rules).toHaveLength(3);
    await f.publisher.close();
    expect(f.change).toBeUndefined();
  });

  it("clients keep their address to a target on a link without one of the host's, but for those on that link", () => {
    const f = new PublisherFixture();
    onTestFinished(() => f.publisher.close());
    f.publisher.publish(spec(freePorts(1), 1, { targets: { ipv4: ip(UNNUMBERED_TARGET) } }));
    expect(way(f.rules[0]!.rule)).toEqual(["192.0.2.1", "10.65.0.0/24"]);
  });
});
