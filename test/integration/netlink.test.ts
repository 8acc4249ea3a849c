/** rtnetlink against the real kernel, in namespaces of this test alone; what was done is read back by `ip`, `tc` and /proc/sys. */
import fs from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProgram, programInfo } from "../../src/sys/bpf.js";
import { native } from "../../src/sys/native.js";
import * as netlink from "../../src/sys/netlink.js";
import { type Netns, openNetns, sameNetns } from "../../src/sys/netns.js";
import { RouteSocket } from "../../src/sys/rtnetlink.js";
import type { Ipv4Conf } from "../../src/sys/rtnetlink-link.js";
import { type RouteEvent, RouteMonitor } from "../../src/sys/rtnetlink-monitor.js";
import { Lab } from "../support/lab.js";

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)(`rtnetlink${isRoot ? "" : " (skipped: needs root to make network namespaces)"}`, () => {
  let lab: Lab;
  let host: Netns;
  let container: Netns;
  let rt: RouteSocket;
  /** Index of tsp0, the host's end of a veth pair; the container's is tsp1. */
  let tsp0: number;

  beforeAll(() => {
    lab = new Lab();
    host = openNetns(lab.addNamespace("nlhost"));
    container = openNetns(lab.addNamespace("nlcont"));
    lab.link(host.name, "tsp0", container.name, "tsp1");
    rt = new RouteSocket(host.fd);
    tsp0 = index("tsp0");
  });

  afterAll(async () => {
    rt.close();
    fs.closeSync(host.fd);
    fs.closeSync(container.fd);
    await lab.close();
  });

  const index = (name: string): number => rt.link(name)?.index ?? expect.fail(`no device ${name}`);
  const sysctl = (name: string): string => lab.runSync(host.name, ["cat", `/proc/sys/net/${name}`]).trim();
  const failure = (action: () => unknown): { message: string; kind: string; hint?: string } => {
    try {
      action();
    } catch (error) {
      return error as never;
    }
    return expect.fail("nothing was thrown");
  };

  it("tells the two namespaces apart", () => {
    expect(host.path).toBe(`/var/run/netns/${host.name}`);
    expect(sameNetns(host.fd, container.fd)).toBe(false);
    expect(sameNetns(host.fd, -1)).toBe(false);
    const again = openNetns(host.path);
    expect(sameNetns(host.fd, again.fd)).toBe(true);
    fs.closeSync(again.fd);
  });

  describe("links", () => {
    it("lists every device as ip does, with kind, master and the peer's namespace", () => {
      lab.ip(host.name, "link add tspbr type bridge\nlink set tsp0 master tspbr");
      const [fd] = native.openTap("tsptap", 0x0002 | 0x1000, host.fd);
      try {
        const links = rt.links();
        const shown = JSON.parse(lab.runSync(host.name, ["ip", "-j", "link"])) as {
          ifindex: number;
          ifname: string;
          address: string;
          mtu: number;
        }[];
        expect(links.map((l) => [l.index, l.name, l.mac, l.mtu])).toEqual(shown.map((l) => [l.ifindex, l.ifname, l.address, l.mtu]));
        const byName = Object.fromEntries(links.map((l) => [l.name, l]));
        expect(byName.tsp0).toMatchObject({ kind: "veth", up: true, type: 1, master: index("tspbr"), linkNetns: expect.any(Number) });
        expect(byName.tspbr).toMatchObject({ kind: "bridge", up: false, master: 0 });
        expect(byName.tsptap).toMatchObject({ kind: "tun", type: 1, linkNetns: undefined });
      } finally {
        fs.closeSync(fd);
        lab.ip(host.name, "link del tspbr");
      }
    });

    it("deletes several at once, and no other; what is gone already is passed over", () => {
      lab.ip(host.name, "link add tspa type veth peer name tspb\nlink add tspc type veth peer name tspd\nlink add tspe type bridge");
      const [one, two] = [index("tspa"), index("tspc")];
      rt.deleteLinks([one, 99999, two]);
      expect(rt.links().map(({ name }) => name)).toEqual(["lo", "tsp0", "tspe"]);
      rt.deleteLinks([one, two]);
      rt.deleteLinks([]);
      rt.deleteLinks([index("tspe")]);
      expect(rt.link("tspe")).toBeNull();
    });

    it("changes state, MTU, MAC, name and queue length", () => {
      rt.setLink(tsp0, { up: false });
      rt.setLink(tsp0, { mtu: 65000, mac: "02:42:ac:11:00:63", name: "tspx", txQueueLen: 77 });
      expect(rt.link("tspx")).toMatchObject({ index: tsp0, up: false, mtu: 65000, mac: "02:42:ac:11:00:63" });
      const [shown] = JSON.parse(lab.runSync(host.name, ["ip", "-j", "link", "show", "tspx"]));
      expect(shown).toMatchObject({ mtu: 65000, address: "02:42:ac:11:00:63", txqlen: 77 });
      rt.setLink(tsp0, { up: true, name: "tsp0", mtu: 1500 });
      expect(rt.link(tsp0)).toMatchObject({ name: "tsp0", up: true, mtu: 1500 });
    });

    it("sets and reads net.ipv4.conf by netlink, as /proc/sys then shows", () => {
      const before = rt.ipv4Conf(tsp0) as Ipv4Conf;
      // name here, name in /proc/sys, value that no default has
      const wanted: [keyof Ipv4Conf, string, number][] = [
        ["forwarding", "forwarding", 1 - before.forwarding],
        ["proxyArp", "proxy_arp", 1],
        ["acceptRedirects", "accept_redirects", 0],
        ["sendRedirects", "send_redirects", 0],
        ["acceptSourceRoute", "accept_source_route", 1 - before.acceptSourceRoute],
        ["rpFilter", "rp_filter", 2 - before.rpFilter],
        ["arpFilter", "arp_filter", 1],
        ["arpAnnounce", "arp_announce", 2],
        ["arpIgnore", "arp_ignore", 1],
        ["acceptLocal", "accept_local", 1],
        ["routeLocalnet", "route_localnet", 1],
      ];
      const values = Object.fromEntries(wanted.map(([name, , value]) => [name, value]));
      for (const [name, , value] of wanted) expect(before[name], name).not.toBe(value);
      rt.setLink(tsp0, { ipv4Conf: values });
      for (const [, file, value] of wanted) expect(sysctl(`ipv4/conf/tsp0/${file}`), file).toBe(String(value));
      expect(rt.ipv4Conf(tsp0)).toEqual(values);
      rt.setLink(tsp0, { ipv4Conf: before });
      expect(rt.ipv4Conf(tsp0)).toEqual(before);
      expect(sysctl("ipv4/conf/tsp0/route_localnet")).toBe("0");
      expect(rt.ipv4Conf(99999)).toBeNull();
    });

    it("brings a device up without an IPv6 address of its own making", () => {
      const [fd] = native.openTap("tsptap", 0x0002 | 0x1000, host.fd);
      try {
        const tap = index("tsptap");
        rt.setLink(tap, { up: true, addrGenMode: "none" });
        expect(rt.link(tap)?.up).toBe(true);
        expect(sysctl("ipv6/conf/tsptap/addr_gen_mode")).toBe("1");
        expect(rt.addresses().filter((a) => a.ifindex === tap)).toEqual([]);
        rt.setLink(tap, { up: false, addrGenMode: "eui64" });
        rt.setLink(tap, { up: true });
        expect(rt.addresses().filter((a) => a.ifindex === tap)).toMatchObject([{ family: "ipv6", prefixLength: 64, scope: 253 }]);
        rt.setLink(tap, { mtu: 1000 }); // below IPv6's least
        rt.setLink(tap, { addrGenMode: "none" });
      } finally {
        fs.closeSync(fd);
      }
    });

    it("deletes a device of another namespace", () => {
      lab.ip(container.name, "link add eth0 type veth peer name eth1");
      const there = new RouteSocket(container.fd);
      const made = there.link("eth0")?.index ?? 0;
      expect(there.deleteLink(made)).toBe(true);
      expect(there.deleteLink(made)).toBe(false);
      there.close();
    });

    it("reads a device whose message is longer than the first buffer", () => {
      lab.ip(host.name, "link add tspdum type veth peer name tsppeer");
      const [RTM_NEWLINKPROP, IFLA_PROP_LIST, IFLA_ALT_IFNAME, count] = [108, 52, 53, 400];
      const name = (i: number) => `tsp-${String(i).padStart(4, "0")}-${"x".repeat(110)}`;
      const names = Array.from({ length: count }, (_, i) => netlink.attribute(IFLA_ALT_IFNAME, netlink.text(name(i))));
      const header = netlink.pack("112444", 0, 0, 0, index("tspdum"), 0, 0);
      rt.request(
        () => "add names",
        RTM_NEWLINKPROP,
        netlink.NLM_F_CREATE | netlink.NLM_F_EXCL,
        header,
        netlink.nested(IFLA_PROP_LIST, ...names),
      );
      expect(rt.link("tspdum")).toMatchObject({ name: "tspdum", kind: "veth" });
      expect(rt.link(name(count - 1))?.name).toBe("tspdum");
      expect(rt.deleteLink(index("tspdum"))).toBe(true);
    });
  });

  describe("addresses, routes, neighbors", () => {
    it("adds, lists and deletes IPv4 and IPv6 addresses, at once usable", () => {
      rt.addAddress(tsp0, "172.17.0.1", 16);
      rt.addAddress(tsp0, "fd00:17::1", 64);
      const mine = rt.addresses().filter((a) => a.ifindex === tsp0 && a.scope === 0);
      expect(mine).toEqual([
        { ifindex: tsp0, family: "ipv4", address: "172.17.0.1", prefixLength: 16, scope: 0, label: "tsp0", flags: 0x80 },
        { ifindex: tsp0, family: "ipv6", address: "fd00:17::1", prefixLength: 64, scope: 0, label: "", flags: 0x82 },
      ]);
      expect(lab.runSync(host.name, ["ip", "-6", "addr", "show", "tsp0", "tentative"])).not.toContain("fd00:17::1");
      const clash = failure(() => rt.addAddress(tsp0, "172.17.0.1", 16));
      expect(clash).toMatchObject({
        kind: "conflict",
        message: expect.stringMatching(/^add address 172\.17\.0\.1\/16 to tsp0 failed \(EEXIST\)/),
      });
      expect(rt.deleteAddress(tsp0, "fd00:17::1", 64)).toBe(true);
      expect(rt.deleteAddress(tsp0, "fd00:17::1", 64)).toBe(false);
      expect(rt.deleteAddress(tsp0, "172.17.0.1", 16)).toBe(true);
      expect(rt.deleteAddress(tsp0, "172.17.0.1", 16)).toBe(false);
    });

    it("adds, lists, looks up and deletes routes", () => {
      rt.addAddress(tsp0, "172.17.0.1", 16);
      rt.addAddress(tsp0, "fd00:17::1", 64);
      const defaultRoute = { dst: "0.0.0.0", prefixLength: 0, gateway: "172.17.0.2" };
      const routes = [
        defaultRoute,
        { dst: "10.9.0.0", prefixLength: 16, gateway: "172.17.0.3", oif: tsp0, prefSrc: "172.17.0.1", metric: 50 },
        { dst: "10.8.0.0", prefixLength: 24, oif: tsp0 },
        { dst: "fd00:18::", prefixLength: 64, gateway: "fd00:17::2", metric: 70 },
      ];
      for (const route of routes) rt.addRoute(route);
      for (const route of routes)
        expect(rt.routes(254)).toContainEqual(expect.objectContaining({ ...route, type: "unicast", oif: tsp0, table: 254 }));
      expect(rt.routes()).toContainEqual(expect.objectContaining({ type: "local", dst: "172.17.0.1", prefixLength: 32, table: 255 }));
      expect(rt.routes(255).every((r) => r.table === 255)).toBe(true);
      expect(rt.routeTo("10.9.1.1")).toMatchObject({ type: "unicast", oif: tsp0, gateway: "172.17.0.3", prefSrc: "172.17.0.1" });
      expect(rt.routeTo("172.17.0.4")).toMatchObject({ type: "unicast", oif: tsp0, gateway: undefined, prefSrc: "172.17.0.1" });
      expect(rt.routeTo("8.8.8.8")).toMatchObject({ gateway: "172.17.0.2" });
      expect(rt.routeTo("172.17.0.1")).toMatchObject({ type: "local", oif: 1 });
      expect(rt.routeTo("fd00:18::5")).toMatchObject({ family: "ipv6", oif: tsp0, gateway: "fd00:17::2" });
      expect(failure(() => rt.addRoute(defaultRoute)).message).toMatch(
        /^add route to 0\.0\.0\.0\/0 by way of 172\.17\.0\.2 failed \(EEXIST\)/,
      );
      for (const route of routes) expect(rt.deleteRoute(route)).toBe(true);
      for (const route of routes) expect(rt.deleteRoute(route)).toBe(false);
      rt.deleteAddress(tsp0, "172.17.0.1", 16);
      rt.deleteAddress(tsp0, "fd00:17::1", 64);
    });

    it("answers null for what the kernel would not send", () => {
      lab.ip(
        host.name,
        "route add blackhole 10.1.0.0/16\nroute add unreachable 10.2.0.0/16\nroute add prohibit 10.3.0.0/16\nroute add unreachable fd00:2::/64",
      );
      lab.ip(host.name, "route add blackhole fd00:1::/64\nroute add 10.4.0.0/16 dev tsp0 mtu 1400");
      for (const address of ["10.1.0.1", "10.2.0.1", "10.3.0.1", "192.0.2.1", "fd00:1::1", "fd00:2::1", "2001:db8::1"]) {
        expect(rt.routeTo(address), address).toBeNull();
      }
      expect(rt.routeTo("10.4.0.1")).toMatchObject({ oif: tsp0, mtu: 1400 });
      const kept = rt.routes(254).filter((r) => r.family === "ipv4");
      expect(kept.map((r) => r.type)).toEqual(["blackhole", "unreachable", "prohibit", "unicast"]);
      lab.ip(host.name, "route flush table main");
      lab.runSync(host.name, ["ip", "-6", "route", "flush", "root", "fd00::/16"]);
    });

    it("sets, changes, lists and deletes neighbors", () => {
      rt.setNeighbor({ ifindex: tsp0, address: "172.17.0.9", mac: "02:42:ac:11:00:09", permanent: false });
      rt.setNeighbor({ ifindex: tsp0, address: "fd00::9", mac: "02:42:ac:11:00:09", permanent: true });
      const mine = () => rt.neighbors().filter((n) => n.ifindex === tsp0 && n.address.endsWith("9"));
      expect(mine()).toContainEqual({
        ifindex: tsp0,
        family: "ipv4",
        address: "172.17.0.9",
        mac: "02:42:ac:11:00:09",
        state: "reachable",
        permanent: false,
      });
      expect(mine()).toContainEqual(expect.objectContaining({ family: "ipv6", address: "fd00::9", state: "permanent", permanent: true }));
      rt.setNeighbor({ ifindex: tsp0, address: "172.17.0.9", mac: "02:42:ac:11:00:0a", permanent: true });
      expect(mine()).toContainEqual(expect.objectContaining({ address: "172.17.0.9", mac: "02:42:ac:11:00:0a", permanent: true }));
      expect(rt.deleteNeighbor(tsp0, "172.17.0.9")).toBe(true);
      expect(rt.deleteNeighbor(tsp0, "fd00::9")).toBe(true);
      expect(rt.deleteNeighbor(tsp0, "fd00::a9")).toBe(false);
    });

    it("names device, errno and the kernel's words when it refuses", () => {
      expect(failure(() => rt.addAddress(99999, "10.0.0.1", 24))).toMatchObject({
        kind: "not-found",
        message: expect.stringMatching(/^add address 10\.0\.0\.1\/24 to interface 99999 failed \(ENODEV\)/),
        hint: expect.stringContaining("ip link"),
      });
      expect(failure(() => rt.setLink(tsp0, { mtu: 1 })).message).toMatch(
        /^set mtu of tsp0 failed \(EINVAL\): mtu less than device minimum$/,
      );
      expect(failure(() => rt.addRoute({ dst: "10.7.0.0", prefixLength: 16, gateway: "203.0.113.1" }))).toMatchObject({
        message: expect.stringMatching(
          /^add route to 10\.7\.0\.0\/16 by way of 203\.0\.113\.1 failed \(ENETUNREACH\): Nexthop has invalid gateway$/,
        ),
        hint: expect.stringContaining("no route leads there"),
      });
    });
  });

  describe("traffic control", () => {
    /** `r0 = verdict; exit` of type SCHED_CLS. */
    const program = (verdict: number) =>
      loadProgram("tsp_test", Buffer.concat([netlink.pack("1124", 0xb7, 0, 0, verdict), netlink.pack("1124", 0x95, 0, 0, 0)]));

    it("adds clsact once, and leaves another program's alone", () => {
      expect(rt.deleteClsact(tsp0)).toBe(false);
      expect(rt.addClsact(tsp0)).toBe(true);
      expect(rt.addClsact(tsp0)).toBe(false);
      expect(rt.deleteClsact(tsp0)).toBe(true);
      expect(rt.deleteClsact(tsp0)).toBe(false);
      lab.runSync(host.name, ["tc", "qdisc", "add", "dev", "tsp0", "ingress"]);
      expect(rt.addClsact(tsp0)).toBe(false);
      expect(rt.deleteClsact(tsp0)).toBe(false);
      lab.runSync(host.name, ["tc", "qdisc", "del", "dev", "tsp0", "ingress"]);
    });

    it("attaches direct-action programs that then decide, lists and deletes them", () => {
      const [pass, drop] = [program(0), program(2)];
      const id = (fd: number): number => programInfo(fd).id;
      const ping = () => lab.runSync(container.name, ["sh", "-c", "ping -c1 -W1 10.5.0.1 >/dev/null && echo yes || echo no"]).trim();
      rt.addAddress(tsp0, "10.5.0.1", 24);
      lab.ip(container.name, "addr add 10.5.0.2/24 dev tsp1");
      try {
        expect(failure(() => rt.addBpfFilter(tsp0, "ingress", pass, "tsproxy-a", 10)).message).toMatch(
          /^add ingress filter tsproxy-a to tsp0 failed \(\w+\): ./,
        );
        rt.addClsact(tsp0);
        expect(rt.bpfFilters(tsp0)).toEqual([]);
        const first = rt.addBpfFilter(tsp0, "ingress", pass, "tsproxy-a", 10);
        expect(ping()).toBe("yes");
        const second = rt.addBpfFilter(tsp0, "ingress", drop, "tsproxy-b", 9);
        const egress = rt.addBpfFilter(tsp0, "egress", pass, "tsproxy-c", 1);
        expect(ping()).toBe("no");
        expect(rt.bpfFilters(tsp0)).toEqual([
          { name: "tsproxy-b", priority: 9, handle: second, chain: 0, program: id(drop) },
          { name: "tsproxy-a", priority: 10, handle: first, chain: 0, program: id(pass) },
        ]);
        expect(rt.bpfFilters(tsp0, "egress")).toEqual([{ name: "tsproxy-c", priority: 1, handle: egress, chain: 0, program: id(pass) }]);
        const shown = lab.runSync(host.name, ["tc", "filter", "show", "dev", "tsp0", "ingress"]);
        expect(shown).toMatch(/protocol all pref 9 bpf chain 0 handle 0x1 tsproxy-b direct-action/);
        const aside = rt.addBpfFilter(tsp0, "ingress", drop, "tsproxy-d", 8, 5);
        expect(rt.bpfFilters(tsp0)).toContainEqual({ name: "tsproxy-d", priority: 8, handle: aside, chain: 5, program: id(drop) });
        expect(rt.deleteBpfFilter(tsp0, 8, aside)).toBe(false); // of another chain
        expect(rt.deleteBpfFilter(tsp0, 9, second)).toBe(true);
        expect(rt.deleteBpfFilter(tsp0, 9, second)).toBe(false);
        expect(ping()).toBe("yes");
        expect(rt.deleteBpfFilter(tsp0, 8, aside, "ingress", 5)).toBe(true);
        expect(rt.bpfFilters(tsp0)).toEqual([{ name: "tsproxy-a", priority: 10, handle: first, chain: 0, program: id(pass) }]);
        expect(rt.deleteClsact(tsp0)).toBe(true);
        expect(rt.bpfFilters(tsp0)).toEqual([]);
        expect(rt.deleteBpfFilter(tsp0, 10, first)).toBe(false);
      } finally {
        rt.deleteClsact(tsp0);
        rt.deleteAddress(tsp0, "10.5.0.1", 24);
        lab.ip(container.name, "addr del 10.5.0.2/24 dev tsp1");
        fs.closeSync(pass);
        fs.closeSync(drop);
      }
    });
  });

  describe("RouteMonitor", () => {
    it("tells of links, addresses, routes and neighbors that come, change and go", () => {
      const monitor = new RouteMonitor(host.fd);
      try {
        expect(monitor.drain()).toEqual([]);
        lab.ip(host.name, "link add tspdum type veth peer name tsppeer");
        const dum = index("tspdum");
        rt.setLink(dum, { up: true, addrGenMode: "none" });
        rt.addAddress(dum, "10.6.0.1", 24);
        rt.setNeighbor({ ifindex: dum, address: "10.6.0.2", mac: "02:42:ac:11:00:02", permanent: true });
        const came = monitor.drain();
        expect(came).toContainEqual(
          expect.objectContaining({ kind: "link", action: "new", link: expect.objectContaining({ index: dum, up: false }) }),
        );
        expect(came).toContainEqual(
          expect.objectContaining({ kind: "link", action: "new", link: expect.objectContaining({ index: dum, up: true }) }),
        );
        expect(came).toContainEqual({ kind: "address", action: "new", address: rt.addresses().find((a) => a.address === "10.6.0.1") });
        expect(came).toContainEqual({ kind: "route", action: "new", route: rt.routes(254).find((r) => r.dst === "10.6.0.0") });
        expect(came).toContainEqual({ kind: "neighbor", action: "new", neighbor: rt.neighbors().find((n) => n.address === "10.6.0.2") });
        expect(monitor.drain()).toEqual([]);
        rt.deleteNeighbor(dum, "10.6.0.2");
        rt.deleteAddress(dum, "10.6.0.1", 24);
        rt.deleteLink(dum);
        const went = monitor.drain();
        for (const kind of ["neighbor", "address", "route", "link"]) {
          expect(went).toContainEqual(expect.objectContaining({ kind, action: "delete" }));
        }
      } finally {
        monitor.close();
      }
    });

    it("does not take a port that leaves its bridge for a device that is gone", () => {
      lab.ip(host.name, "link add tspbr type bridge\nlink set tsp0 master tspbr");
      const monitor = new RouteMonitor(host.fd);
      lab.ip(host.name, "link set tsp0 nomaster\nlink del tspbr");
      const gone = monitor.drain().filter((e): e is RouteEvent & { kind: "link" } => e.kind === "link" && e.action === "delete");
      expect(gone.map((e) => e.link.name)).toEqual(["tspbr"]);
      monitor.close();
    });

    it("says overrun when more happened than the kernel keeps, and hears what comes after", () => {
      const monitor = new RouteMonitor(host.fd);
      try {
        for (let i = 0; i < 5000; i++) {
          const mac = `02:42:00:00:${(i >> 8).toString(16).padStart(2, "0")}:${(i & 255).toString(16).padStart(2, "0")}`;
          rt.setNeighbor({ ifindex: tsp0, address: "172.17.9.9", mac, permanent: true });
        }
        const events = monitor.drain();
        expect(events.filter((e) => e.kind === "overrun").length).toBe(1);
        expect(events.length).toBeLessThan(5000);
        rt.deleteNeighbor(tsp0, "172.17.9.9");
        expect(monitor.drain().at(-1)).toMatchObject({ kind: "neighbor", action: "delete", neighbor: { address: "172.17.9.9" } });
      } finally {
        monitor.close();
      }
    });
  });
});
