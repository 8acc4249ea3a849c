/** What is said of a captured packet: in JSON, in words, and in a pcapng file that tcpdump reads. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { decodeFrame } from "../../../src/control/capture/decode.js";
import { jsonEncoder, type NameDevice, pcapngEncoder } from "../../../src/control/capture/encoders.js";
import type { CapturedPacket } from "../../../src/control/capture/packet.js";
import * as p from "../../support/packets.js";

const MAC = { one: "02:00:00:00:00:01", other: "02:00:00:00:00:02" };
const CLIENT = "192.0.2.10",
  HOST = "192.0.2.1",
  TARGET = "172.17.0.4";
const PORTS = { sport: 40000, dport: 8999 };

const ethernet = (datagram: Uint8Array): Uint8Array => p.frame(MAC.one, MAC.other, datagram).slice(p.VNET);
const info = (datagram: Uint8Array): string => {
  const { proto, src, dst, info } = decodeFrame(ethernet(datagram));
  return `${proto} ${src} > ${dst} ${info}`;
};

const before = ethernet(p.tcp({ src: CLIENT, dst: HOST }, { ...PORTS, flags: p.ACK, data: p.payload(5) }));
const after = ethernet(p.tcp({ src: CLIENT, dst: TARGET }, { sport: 40000, dport: 8080, flags: p.ACK, data: p.payload(5) }));
const translated: CapturedPacket = {
  verdict: "translated",
  reason: undefined,
  lost: 0,
  seconds: 1_795_699_321,
  nanoseconds: 123_456_789,
  in: { port: 0, device: 2, length: before.length, bytes: before },
  out: { port: 0, device: 0, length: after.length, bytes: after },
};
const dropped: CapturedPacket = { ...translated, verdict: "dropped", reason: "source-refused", lost: 7, out: undefined };
const nameOf: NameDevice = ({ device }) =>
  device === 2 ? { name: "eth0", kind: "device of the host" } : { name: "tspup0", kind: "uplink" };

it.each<[what: string, datagram: Uint8Array, words: RegExp]>([
  [
    "TCP",
    p.tcp({ src: CLIENT, dst: HOST }, { ...PORTS, flags: p.SYN | p.ACK }),
    /^tcp 192\.0\.2\.10:40000 > 192\.0\.2\.1:8999 \[S\.\], seq \d+, ack \d+, win \d+, length 0$/,
  ],
  ["UDP", p.udp({ src: CLIENT, dst: HOST }, { ...PORTS, data: p.payload(12) }), /^udp 192\.0\.2\.10:40000 > 192\.0\.2\.1:8999 length 12$/],
  [
    "UDP of IPv6",
    p.udp({ src: "2001:db8::1", dst: "2001:db8::2" }, { ...PORTS, data: p.payload(3) }),
    /^udp \[2001:db8::1\]:40000 > \[2001:db8::2\]:8999 length 3$/,
  ],
  ["an echo request", p.echo({ src: CLIENT, dst: HOST }, 7), /^icmp 192\.0\.2\.10 > 192\.0\.2\.1 echo request, id 7, seq \d+$/],
  [
    "an ICMP error",
    p.icmpError({ src: HOST, dst: CLIENT }, p.PORT_UNREACHABLE, p.udp({ src: CLIENT, dst: HOST }, PORTS)),
    /^icmp 192\.0\.2\.1 > 192\.0\.2\.10 unreachable, code 3$/,
  ],
  [
    "a neighbor solicitation",
    p.neighbor({ src: "fe80::1", dst: "ff02::1:ff00:2" }, 135, "fe80::2"),
    /^icmpv6 fe80::1 > ff02::1:ff00:2 neighbor solicitation$/,
  ],
  ["a later fragment", p.udp({ src: CLIENT, dst: HOST, fragment: 0x0002 }, PORTS), /^udp 192\.0\.2\.10 > 192\.0\.2\.1 fragment \d+ at 16$/],
  [
    "a first fragment",
    p.udp({ src: CLIENT, dst: HOST, fragment: 0x2000 }, PORTS),
    /^udp 192\.0\.2\.10:40000 > 192\.0\.2\.1:8999 fragment \d+ at 0, length \d+$/,
  ],
  ["another protocol", p.ipv4({ src: CLIENT, dst: HOST }, 47, p.payload(30)), /^ip-47 192\.0\.2\.10 > 192\.0\.2\.1 $/],
])("%s in words", (_, datagram, words) => {
  expect(info(datagram)).toMatch(words);
});

it("ARP, VLAN tags, and other frames in words", () => {
  const arp = p.arpFrame(p.BROADCAST, { senderMac: MAC.one, senderIp: CLIENT, targetIp: HOST });
  expect(decodeFrame(arp.slice(p.VNET))).toEqual({ proto: "arp", src: CLIENT, dst: HOST, info: "request" });
  const tagged = p.tagged(p.frame(MAC.one, MAC.other, p.udp({ src: CLIENT, dst: HOST }, PORTS)), 5);
  expect(decodeFrame(tagged.slice(p.VNET)).src).toBe(`${CLIENT}:40000`);
  const other = p.frame(MAC.one, MAC.other, p.payload(20), 0x88cc).slice(p.VNET);
  expect(decodeFrame(other)).toEqual({ proto: "0x88cc", src: MAC.other, dst: MAC.one, info: "" });
});

it("whatever is cut off a frame, or wrong in it, something is said of it", () => {
  const whole = [before, ethernet(p.udp({ src: "fd00::1", dst: "fd00::2" }, PORTS)), ethernet(p.echo({ src: CLIENT, dst: HOST }, 7))];
  for (const frame of whole) for (let n = 0; n <= frame.length; n++) expect(typeof decodeFrame(frame.slice(0, n)).proto).toBe("string");
  for (let n = 14; n < before.length; n++) expect(typeof decodeFrame(before.with(n, 255)).info).toBe("string");
});

it("JSON says both sides of a translation, or why there is none, and how many were lost before", () => {
  const encoder = jsonEncoder(nameOf);
  const json = (packet: CapturedPacket): unknown => JSON.parse(Buffer.from(encoder.packet(packet)).toString());
  const shared = { device: "eth0", proto: "tcp", src: `${CLIENT}:40000`, dst: `${HOST}:8999`, length: before.length };
  expect(json(translated)).toMatchObject({
    ...shared,
    time: "2026-11-26T13:22:01.123456Z",
    outDevice: "tspup0",
    newSrc: `${CLIENT}:40000`,
    newDst: `${TARGET}:8080`,
    verdict: "translated",
  });
  const refused = json(dropped);
  expect(refused).toMatchObject({ ...shared, verdict: "dropped", reason: "source-refused", lost: 7 });
  expect(refused).not.toHaveProperty("outDevice");
  // And in a line of its own how many were lost after the last one.
  expect(Buffer.from(encoder.end(7))).toHaveLength(0);
  expect(Buffer.from(encoder.end(9)).toString()).toBe('{"lost":2}\n');
});

it("tcpdump reads what is written, with times and both devices; the comments say what was decided", () => {
  const encoder = pcapngEncoder(nameOf, "tsproxy 1.2.3", 262_144);
  const cut = { ...translated, in: { ...translated.in, bytes: before.slice(0, 60) } };
  const file = Buffer.concat([encoder.begin(), encoder.packet(translated), encoder.packet(dropped), encoder.packet(cut), encoder.end(9)]);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-pcapng-"));
  try {
    fs.writeFileSync(path.join(dir, "f"), file);
    const read = execFileSync("tcpdump", ["-nn", "-tt", "-r", path.join(dir, "f"), "--nano"], { encoding: "utf8", stdio: "pipe" });
    const lines = read.trimEnd().split("\n");
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^1795699321\.123456789 .*IP 192\.0\.2\.10\.40000 > 192\.0\.2\.1\.8999: Flags \[\.\].* length 5$/);
    expect(lines[1]).toContain("192.0.2.10.40000 > 172.17.0.4.8080");
    expect(lines[2]).toContain("192.0.2.10.40000 > 192.0.2.1.8999");
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
  expect(blocks(file).map(({ type }) => type)).toEqual([0x0a0d0d0a, 1, 6, 1, 6, 6, 6, 6, 5, 5]);
  expect(file.includes(`translated to ${CLIENT}:40000 > ${TARGET}:8080`)).toBe(true);
  expect(file.includes("dropped: source-refused")).toBe(true);
});

/** Types of the blocks, whose two lengths agree. */
function blocks(file: Buffer): { type: number }[] {
  const all: { type: number }[] = [];
  for (let at = 0; at < file.length; ) {
    const size = file.readUInt32LE(at + 4);
    expect(size % 4).toBe(0);
    expect(file.readUInt32LE(at + size - 4)).toBe(size);
    all.push({ type: file.readUInt32LE(at) });
    at += size;
  }
  return all;
}
