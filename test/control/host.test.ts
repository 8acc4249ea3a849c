import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { setLogSink } from "../../src/log.js";
import { UPLINK_CONF } from "../../src/steer/uplink-conf.js";
import { formatIp, formatPrefix, type IpAddress } from "../../src/wire/ip-address.js";
import { ip, prefix } from "../support/ip.js";
import { address, HostFixture, link, route, UPLINK_INDEX } from "./host-fixture.js";

/** What the kernel has to tell since it was last asked. */
const events: unknown[] = [];
const monitors: { groups: number; closed: boolean }[] = [];
vi.mock("../../src/sys/rtnetlink-monitor.js", async (original) => ({
  ...(await original<object>()),
  RouteMonitor: class {
    readonly fd = 55;
    closed = false;
    constructor(
      readonly nsFd: number,
      readonly groups: number,
    ) {
      monitors.push(this);
    }
    drain(): unknown[] {
      return events.splice(0);
    }
    close(): void {
      this.closed = true;
    }
  },
}));

beforeEach(() => {
  events.length = 0;
  monitors.length = 0;
});

const texts = (addresses: readonly IpAddress[]): string[] => addresses.map(formatIp);

describe("the host", () => {
  it("is told to the workers: addresses, broadcast addresses, and devices that are nobody's way out", () => {
    const f = new HostFixture();
    const { addresses, broadcasts } = f.last("locals");
    expect(texts(addresses)).toEqual(["127.0.0.1", "192.0.2.1", "192.0.2.2", "172.17.0.1", "10.99.0.1", "127.84.83.80"]);
    expect(texts(broadcasts)).toEqual(["127.255.255.255", "192.0.2.255", "192.0.2.255", "172.17.255.255"]);
    // To the containers of a bridge of the kernel's own endpoints have no way. The workers ask the kernel itself.
    expect(f.last("routes")).toEqual({ type: "routes", refused: [3], exact: false, forwarding: [], forwarding6: [] });
  });

  it("tells them which devices of own networks it forwards from", () => {
    const f = new HostFixture((host) => host.forwarding.set(UPLINK_INDEX, 1).set(7, 1).set(8, 1).set(9, 0));
    for (const [ifindex, conf] of [
      [7, {}],
      [8, { forwarding: 0 }],
      [9, {}],
    ] as const)
      f.host.own(ifindex, { ipv4: conf }, () => {});
    f.host.refresh();
    expect(f.last("routes").forwarding).toEqual([7]);
  });

  it("tells them whether ways out depend on ports", () => {
    const f = new HostFixture((host) => {
      host.byPorts = true;
    });
    expect(f.last("routes").exact).toBe(true);
  });

  it("is read again when the kernel says that something changed, and not otherwise, nor after it is closed", () => {
    const f = new HostFixture();
    expect([f.watched, monitors.map(({ groups }) => groups)]).toEqual([55, [0x818405d1]]);
    f.told = [];
    f.host.onReadable();
    expect(f.told).toEqual([]);
    let changes = 0;
    const end = f.host.onChange(() => changes++);
    f.addresses.push(address(2, "192.0.2.3/24"));
    events.push({});
    f.host.onReadable();
    expect([texts(f.last("locals").addresses).at(-1), changes, f.host.has(ip("192.0.2.3"))]).toEqual(["192.0.2.3", 1, true]);
    end();
    events.push({});
    f.host.onReadable();
    expect(changes).toBe(1);
    f.host.close();
    f.told = [];
    events.push({});
    f.host.onReadable();
    expect([f.told, monitors[0]!.closed]).toEqual([[], true]);
  });
});

it("is read once more in a second where it cannot be read for who has nobody to tell", () => {
  vi.useFakeTimers();
  const said: string[] = [];
  setLogSink((_, message) => said.push(message));
  onTestFinished(() => {
    vi.useRealTimers();
    setLogSink(() => {});
  });
  const f = new HostFixture();
  const { links } = f;
  f.told = [];
  Object.defineProperty(f, "links", {
    get: () => {
      throw new Error("ENOBUFS");
    },
    configurable: true,
  });
  f.host.readAgain();
  expect([f.told, said]).toEqual([[], ["what has changed on the host cannot be read, and will be once more in a second: ENOBUFS"]]);
  Object.defineProperty(f, "links", { value: links });
  vi.advanceTimersByTime(1000);
  expect(f.last("locals").addresses.length).toBeGreaterThan(0);
  f.host.close();
});

describe("steering", () => {
  it("is on devices with an address and on lo, but not on uplinks and not on what no steering program knows", () => {
    const f = new HostFixture((host) => host.addresses.push(address(6, "10.5.0.1/24")));
    expect(Object.fromEntries(f.attached)).toEqual({ 1: "steer 772", 2: "steer 1", 3: "steer 1", 5: "steer 65534" });
    expect(f.locals).toEqual(["127.0.0.1 1", "192.0.2.1 2", "192.0.2.2 2", "172.17.0.1 3", "10.99.0.1 5", "127.84.83.80 90", "10.5.0.1 6"]);
  });

  it("is on devices without an address that a route of any table leads out of", () => {
    const f = new HostFixture((host) => {
      host.links.push(link(10, "cali0"), link(11, "eth1"), link(12, "eth2"), link(13, "idle0"));
      host.routes.push(
        route("10.65.0.7/32", 10),
        route("0.0.0.0/0", 11, { oifs: [11, 12], table: 100 }),
        route("10.0.0.1/32", 13, { type: "local" }),
      );
    });
    expect([10, 11, 12, 13].map((index) => f.attached.has(index))).toEqual([true, true, true, false]);
  });

  it("of our own devices is of another kind, and follows what comes and goes", () => {
    const f = new HostFixture();
    f.links.push(link(7, "tsphost0", { kind: "tun" }), link(8, "eth1"));
    f.addresses.push(address(7, "10.44.0.1/24"), address(8, "198.51.100.1/24"));
    f.host.own(7, { ipv4: {} }, () => {});
    f.host.refresh();
    expect([f.attached.get(7), f.attached.get(8)]).toEqual(["own", "steer 1"]);
    f.addresses = f.addresses.filter(({ ifindex }) => ifindex !== 8);
    f.host.disown(7);
    f.host.refresh();
    expect([f.attached.get(7), f.attached.has(8)]).toEqual(["steer 1", false]);
  });

  it("goes on where one device cannot be steered: with a word, unless the device is gone by now", () => {
    const said: string[] = [];
    setLogSink((_, message) => said.push(message));
    onTestFinished(() => setLogSink(() => {}));
    const f = new HostFixture((host) => {
      host.unsteerable.set(2, "no such program").set(3, "no such device");
      host.gone.add(3);
    });
    expect(said).toEqual(["cannot steer eth0: no such program"]);
    expect([...f.attached.keys()]).toEqual([1, 5]);
  });
});

describe("IPv6", () => {
  const begin = (change: (host: HostFixture) => void = () => {}): HostFixture =>
    new HostFixture((host) => {
      host.ipv6 = true;
      host.addresses.push(address(1, "::1/128"), address(2, "fe80::1/64"), address(4, "fe80::4/64"), address(3, "fd00::1/64"));
      change(host);
    });

  it("is told to workers and steering like IPv4, link-local addresses too; without IPv6 there is none", () => {
    const f = begin();
    expect(texts(f.last("locals").addresses)).toEqual(expect.arrayContaining(["192.0.2.1", "2001:db8::1", "::1", "fe80::1", "fd00::1"]));
    expect(texts(f.last("locals").broadcasts)).toEqual(["127.255.255.255", "192.0.2.255", "192.0.2.255", "172.17.255.255"]);
    expect(f.locals).toEqual(expect.arrayContaining(["2001:db8::1 2", "fe80::1 2", "::1 1"]));
    expect([f.host.families, new HostFixture().host.families]).toEqual([[4, 6], [4]]);
    expect(["2001:db8::1", "::1", "2001:db8::2"].map((text) => f.host.has(ip(text)))).toEqual([true, false, false]);
    expect(f.host.overlap(prefix("fd00::/48"))).toBe("address fd00::1/64 of docker0");
  });

  it("is steered on devices with an address of their own, and not on the ports of a bridge, whose link-local ones mean nothing", () => {
    const f = begin((host) => {
      host.links.push(link(8, "eth1"), link(9, "eth2"), link(10, "vrf0", { kind: "vrf" }), link(11, "eth3", { master: 10 }));
      host.addresses.push(address(8, "fe80::8/64"), address(11, "fe80::11/64"));
      host.routes.push(route("fe80::/64", 4, { metric: 256 }), route("2001:db8:9::/48", 9, { gateway: "fe80::9" }));
    });
    expect([...f.attached.keys()].sort((a, b) => a - b)).toEqual([1, 2, 3, 5, 8, 9, 11]);
  });
});

describe("settings of our devices", () => {
  it("are set again where somebody changed `forwarding` of all devices", () => {
    const f = new HostFixture((host) => host.forwarding.set(UPLINK_INDEX, 1).set(7, 1).set(8, 1));
    expect(f.set).toEqual([]);
    f.host.own(7, { ipv4: { forwarding: 0, proxyArp: 0 } }, () => {});
    f.host.own(8, { ipv4: { proxyArp: 0 } }, () => {});
    f.host.own(9, { ipv4: { forwarding: 0 } }, () => {}); // gone
    f.forwarding.set(UPLINK_INDEX, 0);
    f.host.refresh();
    expect(f.set).toEqual([
      [UPLINK_INDEX, { ipv4Conf: UPLINK_CONF }],
      [7, { ipv4Conf: { forwarding: 0, proxyArp: 0 } }],
    ]);
  });
});

describe("an uplink of ours", () => {
  it("that somebody has set down is set up again; an address or setting that was taken from it is given back", () => {
    const f = new HostFixture();
    f.links = f.links.map((each) => (each.index === UPLINK_INDEX ? { ...each, up: false } : each));
    f.addresses = f.addresses.filter(({ ifindex }) => ifindex !== UPLINK_INDEX);
    f.forwarding.set(UPLINK_INDEX, 0);
    const said: string[] = [];
    setLogSink((_, message) => said.push(message));
    onTestFinished(() => setLogSink(() => {}));
    f.host.refresh();
    expect(f.set).toEqual([
      [UPLINK_INDEX, { ipv4Conf: UPLINK_CONF }],
      [UPLINK_INDEX, { up: true }],
      [UPLINK_INDEX, { address: "127.84.83.80" }],
    ]);
    expect(said).toEqual(["somebody has set tspup0 down; it is set up again"]);
    expect(f.uplinkGone).toBe(false);
  });

  it("that is no more in this namespace is reported", () => {
    const f = new HostFixture();
    f.links = f.links.filter(({ index }) => index !== UPLINK_INDEX);
    f.host.refresh();
    expect(f.uplinkGone).toBe(true);
  });
});

describe("another device of ours", () => {
  it("is set up again, has its addresses given back, and is reported when it is gone", () => {
    const f = new HostFixture((host) => {
      host.links.push(link(7, "tsphost0", { kind: "tun" }));
      host.addresses.push(address(7, "10.44.0.1/24"));
    });
    const said: string[] = [];
    setLogSink((_, message) => said.push(message));
    onTestFinished(() => setLogSink(() => {}));
    let gone = 0;
    f.host.own(7, { ipv4: {}, addresses: [{ address: ip("10.44.0.1"), prefixLength: 24 }] }, () => gone++);
    f.host.refresh();
    expect([said, f.set]).toEqual([[], []]);
    f.links = f.links.map((each) => (each.index === 7 ? { ...each, up: false } : each));
    f.addresses = f.addresses.filter(({ ifindex }) => ifindex !== 7);
    f.host.refresh();
    expect(f.set).toEqual([
      [7, { up: true }],
      [7, { address: "10.44.0.1" }],
    ]);
    expect(said).toEqual([
      "somebody has set tsphost0 down; it is set up again",
      "somebody has taken 10.44.0.1 from tsphost0; it is given back",
    ]);
    f.links = f.links.filter(({ index }) => index !== 7);
    f.host.refresh();
    expect(gone).toBe(1);
    f.host.disown(7);
    f.host.refresh();
    expect(gone).toBe(1);
  });
});

describe("another device of ours that goes while it is looked at", () => {
  it("is no reason not to tell the rest: its settings and addresses cannot be given back, and the kernel tells next that it is gone", () => {
    const f = new HostFixture((host) => {
      host.links.push(link(7, "tsphost0", { kind: "tun", up: false }));
      host.forwarding.set(7, 1);
    });
    f.host.own(7, { ipv4: { forwarding: 0 }, addresses: [{ address: ip("10.44.0.1"), prefixLength: 24 }] }, () => {});
    f.gone.add(7);
    f.told = [];
    f.host.refresh();
    expect([f.set, f.last("locals").addresses.length]).toEqual([[], 6]);
  });
});

describe("a device that is watched", () => {
  it("is set up again, unless it goes just then, and is reported once when it is gone", () => {
    const f = new HostFixture((host) => host.links.push(link(7, "tspv0", { kind: "veth" })));
    let gone = 0;
    f.host.watch(7, () => gone++);
    f.links = f.links.map((each) => (each.index === 7 ? { ...each, up: false } : each));
    f.host.refresh();
    expect(f.set).toEqual([[7, { up: true }]]);
    f.gone.add(7);
    f.host.refresh();
    expect([f.set.length, gone]).toEqual([1, 0]);
    f.links = f.links.filter(({ index }) => index !== 7);
    f.host.refresh();
    f.host.refresh();
    expect(gone).toBe(1);
  });
});

describe("what is asked of the host", () => {
  const { host } = new HostFixture();

  it("is what is on the link where it reaches an address, by its routes", () => {
    const f = new HostFixture((h) => h.routes.push(route("10.65.0.7/32", 10), route("10.66.0.0/16", 11), route("10.66.1.0/24", 11)));
    const asked: [string, number][] = [
      ["10.65.0.7", 10],
      ["10.66.1.9", 11],
      ["10.66.2.9", 11],
      ["10.67.0.1", 11],
    ];
    expect(asked.map(([target, oif]) => f.host.onLink(ip(target), oif))).toEqual([
      prefix("10.65.0.7/32"),
      prefix("10.66.1.0/24"),
      prefix("10.66.0.0/16"),
      prefix("10.67.0.1/32"),
    ]);
  });

  it("is whether others reach it by an address", () => {
    expect(["192.0.2.2", "172.17.0.1", "192.0.2.9", "127.0.0.1", "127.84.83.80"].map((text) => host.has(ip(text)))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("is its address next to a target, on the device that leads there", () => {
    const neighbor = (target: string, oif: number) => {
      const found = host.neighborOf(ip(target), oif);
      return found && `${formatIp(found.address)} in ${formatPrefix(found.network)}`;
    };
    expect(neighbor("172.17.0.4", 3)).toBe("172.17.0.1 in 172.17.0.0/16");
    expect(neighbor("192.0.2.77", 2)).toBe("192.0.2.1 in 192.0.2.0/24");
    expect([neighbor("172.17.0.4", 2), neighbor("198.51.100.1", 2)]).toEqual([null, null]);
  });

  it("is no address there that will soon be another's, if there is one that stays", () => {
    const all = (more: ReturnType<typeof address>[]): HostFixture =>
      new HostFixture((h) => {
        h.ipv6 = true;
        h.addresses.push(address(3, "fd00::beef/64", 0x01), address(3, "fd00::dead/64", 0x20), address(3, "fd00::7/64", 0x40), ...more);
      });
    const neighbor = (f: HostFixture): string => formatIp(f.host.neighborOf(ip("fd00::4"), 3)!.address);
    expect([neighbor(all([address(3, "fd00::1/64")])), neighbor(all([]))]).toEqual(["fd00::1", "fd00::beef"]);
  });

  it("is the device of the default route with the lowest metric", () => {
    const f = new HostFixture((all) =>
      all.routes.push(route("0.0.0.0/0", 5, { metric: 50 }), route("0.0.0.0/0", undefined, { metric: 1 })),
    );
    expect([host.defaultLink()?.name, f.host.defaultLink()?.name]).toEqual(["eth0", "wg0"]);
    expect(new HostFixture((all) => all.routes.splice(0)).host.defaultLink()).toBeNull();
  });

  it.each([
    ["192.0.2.128/25", "address 192.0.2.1/24 of eth0"],
    ["192.0.0.0/16", "address 192.0.2.1/24 of eth0"],
    ["172.17.0.0/16", "address 172.17.0.1/16 of docker0"],
    ["10.99.0.0/16", "address 10.99.0.1/31 of wg0"],
    ["10.7.1.0/24", "route 10.7.0.0/16"],
    ["0.0.0.0/0", "address 127.0.0.1/8 of lo"],
    ["10.8.0.0/16", null],
    ["10.98.255.0/24", null],
  ])("is what overlaps %s: %s", (network, expected) => {
    const f = new HostFixture((all) => all.routes.push(route("10.7.0.0/16", 2)));
    expect(f.host.overlap(prefix(network))).toBe(expected);
  });
});
