import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { setLogSink } from "../../../src/log.js";
import { INTERNAL, MAX_NETWORKS, NO_ICC, NO_MASQUERADE, PROMISCUOUS } from "../../../src/table/networks.js";
import { ip, prefix, subnet } from "../../support/ip.js";
import { SiteFixture, SPEC } from "./site-fixture.js";

/** Settings of net.ipv6.conf, which none of these devices has really; whether they can be written. */
const settings: string[] = [];
let writable = true;
beforeEach(() => {
  settings.length = 0;
  writable = true;
});
vi.mock("../../../src/sys/ipv6-conf.js", () => ({
  setIpv6Conf: (device: string, conf: object) => {
    settings.push(`${device} ${JSON.stringify(conf)}`);
    return writable;
  },
}));

const CLOSED = '"acceptRedirects":0,"sendRedirects":0,"acceptSourceRoute":0,"proxyArp":0,"acceptLocal":0,"routeLocalnet":0';
const MAC = "02:42:0a:2c:00:01";

describe("a network of kind bridge", () => {
  it("gives the host a guarded device with the gateway's address and a MAC made of it, and takes all back in the other order", async () => {
    const f = new SiteFixture();
    const network = f.registry.add(SPEC);
    expect(f.since()).toEqual([
      "add-network 0 10.44.0.0/24 gateway 10.44.0.1 outside any flags 0",
      "open tsphost0 in -1",
      `own 70 {"ipv4":{${CLOSED}}}`,
      "guard 70 false",
      `set 70 {"mac":"${MAC}","mtu":9000,"txQueueLen":4000,"addrGenMode":"none","ipv4Conf":{${CLOSED}}}`,
      `attach tsphost0 as host tsphost0 ${MAC} 10.44.0.1 network 0`,
      "address 70 10.44.0.1/24",
      'set 70 {"up":true}',
      "refresh",
    ]);
    expect([network.hostDevice, network.mtu, network.subnets, network.number]).toEqual(["tsphost0", 9000, SPEC.subnets, 0]);
    await f.registry.remove(network);
    expect(f.since()).toEqual(["detach tsphost0", "unguard 70", "disown 70", "close tsphost0", "remove-network 0", "refresh"]);
    await f.registry.remove(network);
    expect(f.since()).toEqual([]);
  });

  it("makes the host's device again that somebody has deleted, under its name, once; and ends the process where it cannot", async () => {
    const f = new SiteFixture();
    const said: string[] = [];
    setLogSink((_, message) => said.push(message));
    onTestFinished(() => setLogSink(() => {}));
    const network = f.registry.add(SPEC);
    const made = f.since().slice(1);
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const { hostDeviceGone } = f;
    hostDeviceGone();
    hostDeviceGone(); // each worker says so
    await settled();
    expect(f.since()).toEqual(["detach tsphost0", "unguard 70", "disown 70", "close tsphost0", ...made]);
    expect(said).toEqual(["tsphost0: the device was deleted by somebody else; it is made again"]);
    f.failing = "open tsphost0";
    f.hostDeviceGone();
    await settled();
    expect(f.failed).toEqual(["tsphost0: the device was deleted by somebody else, and cannot be made again: cannot open tsphost0 in -1"]);
    f.since();
    await f.registry.remove(network);
    expect(f.since()).toEqual(["remove-network 0", "refresh"]);
  });

  it("makes its device under another name where somebody has got that one meanwhile", async () => {
    const f = new SiteFixture();
    const network = f.registry.add(SPEC);
    f.closing = new Promise(setImmediate).then(() => void f.devices.add("tsphost0"));
    f.hostDeviceGone();
    await f.closing;
    await new Promise(setImmediate);
    expect([network.hostDevice, f.failed]).toEqual(["tsphost1", []]);
  });

  it("is not at fault when the host cannot be read after its device was made again", async () => {
    const f = new SiteFixture();
    f.registry.add(SPEC);
    f.since();
    f.failing = "refresh";
    f.hostDeviceGone();
    await new Promise(setImmediate);
    expect([f.failed, f.since().slice(-2)]).toEqual([[], ['set 70 {"up":true}', "refresh later"]]);
  });

  it("keeps its number until nothing of it is undone any more, and is closed no sooner", async () => {
    const f = new SiteFixture();
    let closed: () => void = () => {};
    f.closing = new Promise((resolve) => {
      closed = resolve;
    });
    f.failing = 'set 70 {"up"';
    expect(() => f.registry.add(SPEC)).toThrow("cannot set");
    await new Promise(setImmediate);
    f.closing = undefined;
    const next = f.registry.add(SPEC);
    expect(next.number).toBe(1); // the workers would take the end of the former for its own
    let isRemoved = false;
    const removed = f.registry.remove(next).then(() => {
      isRemoved = true;
    });
    await new Promise(setImmediate);
    expect(isRemoved).toBe(false);
    closed();
    await removed;
    expect(f.registry.add(SPEC).number).toBe(0);
  });

  it("is closed when its former device is undone, which somebody has deleted just before", async () => {
    const f = new SiteFixture();
    const network = f.registry.add(SPEC);
    let closed: () => void = () => {};
    f.closing = new Promise((resolve) => {
      closed = resolve;
    });
    f.hostDeviceGone();
    f.since();
    let isRemoved = false;
    const removed = f.registry.remove(network).then(() => {
      isRemoved = true;
    });
    await new Promise(setImmediate);
    expect([isRemoved, f.since()]).toEqual([false, ["unguard 70", "disown 70", "close tsphost0"]]);
    closed();
    await removed;
    expect(f.since()).toEqual(["remove-network 0", "refresh"]);
  });

  it.each([
    ["internal", { internal: true }, INTERNAL],
    ["without icc", { icc: false }, NO_ICC],
    ["without masquerade", { masquerade: false }, NO_MASQUERADE],
    ["promiscuous", { promiscuous: true }, PROMISCUOUS],
    ["with all said as it is", { internal: false, icc: true, masquerade: true, promiscuous: false }, 0],
    [
      "with all of them",
      { internal: true, icc: false, masquerade: false, promiscuous: true },
      INTERNAL | NO_ICC | NO_MASQUERADE | PROMISCUOUS,
    ],
  ])("tells the workers what it is: %s", (_, options, flags) => {
    const f = new SiteFixture();
    f.registry.add({ ...SPEC, ...options });
    expect(f.notes[0]).toBe(`add-network 0 10.44.0.0/24 gateway 10.44.0.1 outside any flags ${flags}`);
    const internal = "internal" in options && options.internal;
    expect(f.notes).toContain(`guard 70 ${internal}`);
    expect(f.notes).toContain(`own 70 {"ipv4":{${CLOSED}${internal ? ',"forwarding":0' : ""}}}`);
  });

  it("has the name, the MTU and the outside address that it is given; else the host's MTU, else 1500", () => {
    const f = new SiteFixture();
    f.hostAddresses.add("192.0.2.7");
    const given = f.registry.add({ ...SPEC, hostDevice: "br-shop", mtu: 1400, outside: { ipv4: ip("192.0.2.7") } });
    expect([given.hostDevice, given.mtu]).toEqual(["br-shop", 1400]);
    expect(f.notes[0]).toMatch(/outside 192\.0\.2\.7 /);
    f.defaultMtu = undefined;
    expect(f.registry.add(SPEC).mtu).toBe(1500);
  });

  it.each(["open", "own", "guard", 'set 70 {"mac', "attach", "address", 'set 70 {"up', "refresh"])(
    "leaves nothing when it cannot be made (%s fails), and its number is free again",
    async (step) => {
      const f = new SiteFixture();
      f.failing = step;
      expect(() => f.registry.add(SPEC)).toThrow(`cannot ${step}`);
      await new Promise(setImmediate);
      const undone: Record<string, string> = {
        open: "close",
        own: "disown",
        guard: "unguard",
        attach: "detach",
        "add-network": "remove-network",
      };
      const notes = f.since();
      for (const [made, gone] of Object.entries(undone)) {
        const count = (verb: string): number => notes.filter((note) => note.split(" ")[0] === verb).length;
        expect(count(gone), `${made}, ${gone}`).toBe(count(made));
      }
      expect(notes.at(-1)).toBe("refresh");
      expect(f.registry.add(SPEC).number).toBe(0);
    },
  );

  it("is refused where the host has addresses or routes in it", () => {
    const f = new SiteFixture();
    f.overlapping = "address 10.44.0.9/24 of eth0";
    const message = "network 10.44.0.0/24 overlaps the host's address 10.44.0.9/24 of eth0";
    expect(() => f.registry.add(SPEC)).toThrow(expect.objectContaining({ code: "TSP_ERR_NETWORK", kind: "conflict", message }));
    expect(f.notes).toEqual([]);
  });

  it("says how published ports reach its endpoints, and that its gateway is none", () => {
    const network = new SiteFixture().registry.add(SPEC);
    expect(network.reach(ip("10.44.0.9"))).toEqual({ snatSource: ip("10.44.0.1"), network: prefix("10.44.0.0/24"), own: 0 });
    expect(network.reach(ip("10.44.0.1"))).toBeNull();
  });

  it("warns when what leaves it would get an address that the host has not, once, and again when it has it back", async () => {
    const said: string[] = [];
    setLogSink((level, message) => level === "warn" && said.push(message));
    onTestFinished(() => setLogSink(() => {}));
    const f = new SiteFixture();
    const network = f.registry.add({ ...SPEC, outside: { ipv4: ip("192.0.2.7") } });
    const lost = "network 10.44.0.0/24: 192.0.2.7, which what leaves it is given, is no address of this host: nothing comes back";
    expect(said).toEqual([lost]);
    const look = (): void => {
      for (const listener of f.listeners) listener();
    };
    look();
    f.hostAddresses.add("192.0.2.7");
    look();
    look();
    f.hostAddresses.clear();
    look();
    expect(said).toEqual([lost, "network 10.44.0.0/24: 192.0.2.7, which what leaves it is given, is an address of this host again", lost]);
    await network.close();
    expect(f.listeners.size).toBe(0);
  });
});

describe("networks", () => {
  it("have the lowest free number, and are found by an address", async () => {
    const f = new SiteFixture();
    const at = (net: string) => ({ ...SPEC, subnets: { ipv4: subnet(`${net}/24`) } });
    const [a, b, c] = ["10.44.0.0", "10.45.0.0", "10.46.0.0"].map((net) => f.registry.add(at(net)));
    expect([a, b, c].map((network) => network!.number)).toEqual([0, 1, 2]);
    expect([f.registry.of(ip("10.45.0.200")), f.registry.of(ip("10.47.0.1"))]).toEqual([b, undefined]);
    await f.registry.remove(b!);
    expect(f.registry.of(ip("10.45.0.200"))).toBeUndefined();
    expect(f.registry.add(at("10.48.0.0")).number).toBe(1);
    f.since();
    await f.registry.close();
    const removed = f.since().filter((note) => note.startsWith("remove-network"));
    expect(removed).toEqual(["remove-network 1", "remove-network 2", "remove-network 0"]);
  });

  it("are so many at most", () => {
    const f = new SiteFixture();
    for (let n = 0; n < MAX_NETWORKS; n++) expect(f.registry.add(SPEC).number).toBe(n);
    expect(() => f.registry.add(SPEC)).toThrow(expect.objectContaining({ code: "TSP_ERR_NETWORK", kind: "unavailable" }));
  });
});

describe("a network with an IPv6 subnet", () => {
  const ipv6 = subnet("fd00:44::/64");

  it("gives the host's device that gateway too, beside the IPv4 one or alone, and a link-local address of its MAC", () => {
    const f = new SiteFixture();
    f.registry.add({ ...SPEC, subnets: { ...SPEC.subnets, ipv6 }, outside: { ipv6: ip("2001:db8::7") } });
    expect(f.since()).toEqual([
      "add-network 0 10.44.0.0/24 gateway 10.44.0.1 outside any, fd00:44::/64 gateway fd00:44::1 outside 2001:db8::7 flags 0",
      "open tsphost0 in -1",
      `own 70 {"ipv4":{${CLOSED}},"ipv6":{"disableIpv6":0,"acceptRa":0,"acceptRedirects":0,"acceptDad":0}}`,
      "guard 70 false",
      `set 70 {"mac":"${MAC}","mtu":9000,"txQueueLen":4000,"addrGenMode":"eui64","ipv4Conf":{${CLOSED}}}`,
      `attach tsphost0 as host tsphost0 ${MAC} 10.44.0.1 fd00:44::1 network 0`,
      "address 70 10.44.0.1/24",
      "address 70 fd00:44::1/64",
      'set 70 {"up":true}',
      "refresh",
    ]);
    expect(settings).toEqual(['tsphost0 {"disableIpv6":0,"acceptRa":0,"acceptRedirects":0,"acceptDad":0}']);
    f.registry.add({ ...SPEC, subnets: { ipv6 }, internal: true });
    const notes = f.since();
    expect(notes[0]).toBe("add-network 1 fd00:44::/64 gateway fd00:44::1 outside any flags 1");
    expect(notes.filter((note) => note.startsWith("address"))).toEqual(["address 70 fd00:44::1/64"]);
    expect(settings[1]).toContain('"forwarding":0');
  });

  it.each([
    ["where the host has no IPv6", (f: SiteFixture) => (f.ipv6 = false), {}, /net.ipv6.conf of our devices cannot be written/],
    ["where its settings cannot be written", () => (writable = false), {}, /net\.ipv6\.conf of tsphost0 cannot be written/],
    ["with a smaller MTU than IPv6 needs", () => {}, { mtu: 1279 }, /an MTU of 1279 is too small for IPv6/],
  ])("is refused %s, and nothing is left", async (_, spoil, more, message) => {
    const f = new SiteFixture();
    spoil(f);
    expect(() => f.registry.add({ ...SPEC, subnets: { ...SPEC.subnets, ipv6 }, ...more })).toThrow(message);
    await new Promise(setImmediate);
    const notes = f.since();
    expect(notes.filter((note) => note.startsWith("open")).length).toBe(notes.filter((note) => note.startsWith("close")).length);
    expect(notes.filter((note) => note.startsWith("add-")).length).toBe(notes.filter((note) => note.startsWith("remove-")).length);
  });
});
