import os from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { native } from "../../src/sys/native.js";
import * as netlink from "../../src/sys/netlink.js";
import { NetlinkSocket } from "../../src/sys/netlink.js";
import { openNetns, sameNetns } from "../../src/sys/netns.js";
import { RouteSocket } from "../../src/sys/rtnetlink.js";
import * as entries from "../../src/sys/rtnetlink-entries.js";
import { RouteMonitor } from "../../src/sys/rtnetlink-monitor.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/[^0-9a-f]/g, ""), "hex"));
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const DUMP_INTR = 0x10;
const ACK_TLVS = 0x200;
const CAPPED = 0x100;

afterEach(() => vi.restoreAllMocks());

// Known bytes are those of a little-endian host, which all hosts with these tests are.
describe.runIf(os.endianness() === "LE")("netlink bytes", () => {
  it("lays out a message as header, struct and padded attributes (linux/netlink.h)", () => {
    const m = netlink.message(18, 0x5, 7, netlink.pack("112444", 0, 0, 0, 3, 1, 1), netlink.attribute(3, netlink.text("lo")));
    expect(hex(m)).toBe(
      "28000000" +
        "1200" +
        "0500" +
        "07000000" +
        "00000000" + // length 40, RTM_GETLINK, flags, sequence, port
        ("00000000" + "03000000" + "01000000" + "01000000") + // ifinfomsg
        ("0700" + "0300" + "6c6f00" + "00"), // IFLA_IFNAME "lo", one byte of padding
    );
  });

  it("marks a nested attribute and pads what is in it", () => {
    expect(hex(netlink.nested(8, netlink.attribute(2, netlink.u32(1500)), netlink.attribute(1, new Uint8Array([9]))))).toBe(
      "1400" + "0880" + "08000200dc050000" + "0500010009000000",
    );
  });

  it("finds attributes without the flag bits of their type, and stops at a length that does not fit", () => {
    const attrs = netlink.parseAttributes(bytes("0800 0280 dc050000 0500 0100 09 000000 ff00 0300 00000000"));
    expect([...attrs.keys()]).toEqual([2, 1]);
    expect([...attrs.values()].map(hex)).toEqual(["dc050000", "09"]);
    expect(netlink.parseAttributes(bytes("0300 0100")).size).toBe(0); // shorter than its own header: would never end
  });

  it("parses several messages of a datagram cut short at every length", () => {
    const datagram = Buffer.concat([netlink.message(16, 2, 5, netlink.u32(1)), netlink.message(16, 2, 5, netlink.u32(2), netlink.u32(3))]);
    for (let len = 0; len < datagram.length; len++) {
      const found = netlink.parseMessages(datagram.subarray(0, len));
      expect(found.length).toBe(len < 20 ? 0 : 1);
    }
    expect(netlink.parseMessages(datagram).map((m) => [m.type, m.flags, m.sequence, m.payload.length])).toEqual([
      [16, 2, 5, 4],
      [16, 2, 5, 8],
    ]);
  });

  it("reads errno and the kernel's words after a repeated request, after a capped one, and in the end of a dump", () => {
    const words = netlink.attribute(1, netlink.text("File exists here"));
    const request = netlink.message(20, 5, 9, netlink.pack("11114"), netlink.attribute(2, new Uint8Array(3)));
    const end = (type: number, flags: number, ...body: Uint8Array[]) =>
      netlink.parseEnd({ type, flags, sequence: 9, payload: Buffer.concat(body) });
    const eexist = netlink.u32(-17);
    expect(end(NLMSG_ERROR, ACK_TLVS, eexist, request, words)).toEqual({ errno: 17, detail: "File exists here" });
    expect(end(NLMSG_ERROR, ACK_TLVS | CAPPED, eexist, request.subarray(0, 16), words)).toEqual({ errno: 17, detail: "File exists here" });
    expect(end(NLMSG_DONE, ACK_TLVS, eexist, words)).toEqual({ errno: 17, detail: "File exists here" });
    expect(end(NLMSG_ERROR, 0, eexist, request)).toEqual({ errno: 17, detail: "" });
    expect(end(NLMSG_ERROR, CAPPED, netlink.u32(0), request.subarray(0, 16)).errno).toBe(0);
  });

  it("parses a route with its next hop in a multipath attribute", () => {
    const hop = (ifindex: number, gateway: number[]) =>
      Buffer.concat([netlink.pack("2114", 16, 0, 0, ifindex), netlink.attribute(5, new Uint8Array(gateway))]);
    const payload = Buffer.concat([
      netlink.pack("111111114", 2, 24, 0, 0, 254, 4, 0, 1, 0),
      netlink.attribute(1, new Uint8Array([10, 1, 2, 0])),
      netlink.nested(8, netlink.attribute(2, netlink.u32(1400))),
      netlink.attribute(9, Buffer.concat([hop(4, [10, 0, 0, 1]), hop(5, [10, 0, 0, 2])])),
      netlink.attribute(15, netlink.u32(1000)),
    ]);
    expect(entries.parseRoute({ type: 24, flags: 0, sequence: 0, payload })).toEqual({
      family: "ipv4",
      type: "unicast",
      dst: "10.1.2.0",
      prefixLength: 24,
      gateway: "10.0.0.1",
      oif: 4,
      oifs: [4, 5],
      prefSrc: undefined,
      metric: 0,
      table: 1000,
      mtu: 1400,
    });
  });

  it("takes a bridge's word on its ports and stations for neither link nor neighbor", () => {
    const AF_BRIDGE = 7;
    const link = [netlink.pack("112444", AF_BRIDGE, 0, 1, 4, 1, 0), netlink.attribute(3, netlink.text("tap0"))];
    const neighbor = [netlink.pack("1124211", AF_BRIDGE, 0, 0, 4, 2, 0, 0), netlink.attribute(2, new Uint8Array(6))];
    expect(entries.parseLink({ type: 17, flags: 0, sequence: 0, payload: Buffer.concat(link) })).toBeNull();
    expect(entries.parseNeighbor({ type: 28, flags: 0, sequence: 0, payload: Buffer.concat(neighbor) })).toBeNull();
  });
});

describe("addresses as text", () => {
  it.each([
    ["172.17.0.4", "ac110004", "172.17.0.4"],
    ["::", "00".repeat(16), "::"],
    ["::1", `${"00".repeat(15)}01`, "::1"],
    ["fd00::", `fd${"00".repeat(15)}`, "fd00::"],
    ["2001:DB8:0:0:1:0:0:1", "20010db8000000000001000000000001", "2001:db8::1:0:0:1"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008", "1:2:3:4:5:6:7:8"],
    ["::ffff:1.2.3.4", `${"00".repeat(10)}ffff01020304`, "::ffff:102:304"],
  ])("reads %s and writes it canonically (RFC 5952)", (text, expected, canonical) => {
    expect(hex(entries.addressBytes(text))).toBe(expected);
    expect(entries.addressText(bytes(expected))).toBe(canonical);
  });

  it.each(["", "172.17.0", "172.17.0.256", "010.0.0.1", "fe80::1%eth0", "eth0"])("refuses '%s' and names it", (text) => {
    expect(() => entries.addressBytes(text)).toThrow(
      expect.objectContaining({ code: "TSP_ERR_ADDRESS", message: `'${text}' is no IP address` }),
    );
  });

  it("refuses a MAC that is none", () => {
    expect(hex(entries.macBytes("02:42:AC:11:00:02"))).toBe("0242ac110002");
    expect(() => entries.macBytes("02:42:ac:11:00")).toThrow(expect.objectContaining({ code: "TSP_ERR_ADDRESS" }));
  });
});

describe("request errors", () => {
  it("say what was tried, the errno, the kernel's words and what to do", () => {
    const error = netlink.requestError("add address 172.17.0.1/16 to tsp0", 17, "Address already assigned");
    expect(error).toMatchObject({ code: "TSP_ERR_SYSCALL", kind: "conflict" });
    expect(error.describe()).toBe(
      "add address 172.17.0.1/16 to tsp0 failed (EEXIST): Address already assigned: it is there already: remove that one first, or choose another",
    );
    expect(netlink.requestError("delete x", 19, "")).toMatchObject({ kind: "not-found", message: "delete x failed (ENODEV)" });
    expect(netlink.requestError("set x", 1, "")).toMatchObject({ kind: "permission", hint: expect.stringContaining("CAP_NET_ADMIN") });
  });
});

/** Makes `queue` what is received: datagrams, or -errno. */
function fakeReceive(queue: (Uint8Array | number)[]): void {
  vi.spyOn(native, "recv").mockImplementation((_fd, buf, flags) => {
    const next = queue[0] ?? -11; // EAGAIN
    if (typeof next === "number" || (flags & 0x2) === 0) queue.shift(); // MSG_PEEK
    if (typeof next === "number") return next;
    buf.set(next.subarray(0, buf.length));
    return (flags & 0x20) !== 0 ? next.length : Math.min(next.length, buf.length); // MSG_TRUNC
  });
}

/** Answers the nth request by the nth of `answers`, later ones by the last. Returns how to count the requests. */
function fakeKernel(...answers: ((sequence: number) => (Uint8Array | number)[])[]): () => number {
  const queue: (Uint8Array | number)[] = [];
  let requests = 0;
  fakeReceive(queue);
  vi.spyOn(native, "send").mockImplementation((_fd, request) => {
    const answer = answers[Math.min(requests++, answers.length - 1)];
    queue.push(...(answer?.(netlink.readU32(request, 8)) ?? []));
    return request.length;
  });
  return () => requests;
}

describe("NetlinkSocket against a scripted kernel", () => {
  const done = (sequence: number, flags = 0) => netlink.message(NLMSG_DONE, flags, sequence, netlink.u32(0));
  const entry = (sequence: number, value: number, flags = 0) => netlink.message(16, flags, sequence, netlink.u32(value));
  const values = (messages: netlink.NetlinkMessage[]) => messages.map((m) => netlink.readU32(m.payload, 0));

  function withSocket<T>(use: (socket: NetlinkSocket) => T): T {
    const socket = new NetlinkSocket();
    try {
      return use(socket);
    } finally {
      socket.close();
    }
  }

  it("repeats a dump that the kernel calls interrupted, and gives its second state alone", () => {
    const requests = fakeKernel(
      (seq) => [entry(seq, 1, DUMP_INTR), done(seq)],
      (seq) => [entry(seq, 1), done(seq, DUMP_INTR)],
      (seq) => [entry(seq, 1), Buffer.concat([entry(seq, 2), done(seq)])],
    );
    expect(values(withSocket((s) => s.dump("list", 18)))).toEqual([1, 2]);
    expect(requests()).toBe(3);
  });

  it("gives up on a dump that is interrupted each time", () => {
    fakeKernel((seq) => [entry(seq, 1, DUMP_INTR), done(seq)]);
    expect(() => withSocket((s) => s.dump("list links", 18))).toThrow(/^list links failed \(EINTR\)$/);
  });

  it("passes over answers to earlier requests, and goes on after EINTR", () => {
    fakeKernel((seq) => [entry(seq - 1, 1), -4, done(seq - 1), entry(seq, 2), done(seq)]);
    expect(values(withSocket((s) => s.dump("list", 18)))).toEqual([2]);
  });

  it("grows its buffer for a message longer than it", () => {
    const large = new Uint8Array(100_000).fill(0xa5);
    fakeKernel((seq) => [netlink.message(16, 0, seq, large), done(seq)]);
    const [received] = withSocket((s) => s.dump("list", 18));
    expect(received && Buffer.compare(received.payload, large)).toBe(0);
  });

  it("throws the error that ends a dump", () => {
    fakeKernel((seq) => [entry(seq, 1), netlink.message(NLMSG_DONE, 0, seq, netlink.u32(-90))]);
    expect(() => withSocket((s) => s.dump("list links", 18))).toThrow(/^list links failed \(EMSGSIZE\)$/);
  });

  it("throws when the socket itself fails", () => {
    fakeKernel(() => [-105]);
    expect(() => withSocket((s) => s.dump("list links", 18))).toThrow(/recv\(AF_NETLINK\) failed \(ENOBUFS\)/);
  });
});

describe("RouteMonitor", () => {
  it("tells of lost events and goes on with those that are left", () => {
    const loopback = netlink.message(16, 0, 0, netlink.pack("112444", 0, 0, 772, 1, 1, 0), netlink.attribute(3, netlink.text("lo")));
    fakeReceive([-105, loopback]);
    const monitor = new RouteMonitor();
    expect(monitor.drain()).toMatchObject([
      { kind: "overrun" },
      { kind: "link", action: "new", link: { name: "lo", type: 772, up: true } },
    ]);
    monitor.close();
  });
});

describe("reading without privileges", () => {
  it("finds lo, its address and the way to it", () => {
    const rt = new RouteSocket();
    const lo = rt.link("lo");
    expect(lo).toMatchObject({ index: 1, name: "lo", mac: "00:00:00:00:00:00", type: 772, kind: "", master: 0 });
    expect(rt.link(1)).toEqual(lo);
    expect(rt.links()).toContainEqual(lo);
    expect(rt.addresses()).toContainEqual(expect.objectContaining({ ifindex: 1, family: "ipv4", address: "127.0.0.1", prefixLength: 8 }));
    expect(rt.routeTo("127.0.0.1")).toMatchObject({ type: "local", oif: 1, dst: "127.0.0.1" });
    expect(rt.link("tsp-none")).toBeNull();
    expect(rt.link("tsp-none-with-a-long-name")).toBeNull();
    rt.close();
  });
});

describe("openNetns", () => {
  it("opens the namespace of a process, and one by path", () => {
    const byPid = openNetns(String(process.pid));
    const byPath = openNetns(byPid.path);
    expect(byPid).toMatchObject({ path: `/proc/${process.pid}/ns/net`, name: String(process.pid) });
    expect(byPath.name).toBe("net");
    expect(sameNetns(byPid.fd, byPath.fd)).toBe(true);
    expect(sameNetns(byPid.fd, -1)).toBe(true);
  });

  it.each([
    ["tsp-none", "not-found", "network namespace 'tsp-none' does not exist"],
    ["", "invalid", "'' is no network namespace"],
    ["4999999", "not-found", "there is no process 4999999"],
    ["/tsp/none", "not-found", "network namespace '/tsp/none' does not exist"],
    ["/etc/passwd", "invalid", "'/etc/passwd' is no network namespace"],
    ["/proc/self/ns/uts", "invalid", "'/proc/self/ns/uts' is no network namespace"],
  ])("refuses '%s' (%s)", (spec, kind, message) => {
    expect(() => openNetns(spec)).toThrow(expect.objectContaining({ code: "TSP_ERR_NETNS", kind, message }));
  });
});
