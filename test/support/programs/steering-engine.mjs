/**
 * steering-engine.mjs CONFIG (JSON): the smallest engine that the steering can serve. It makes the uplink, attaches to every other
 * device, and translates published ports, one frame at a time, all checksums computed anew. Each line of standard input is a
 * JavaScript array [method, …arguments] for the Steering; the answer is a line {"answer"}. The end of input closes it all.
 *
 * CONFIG: { clsact, linksLater, address, gateway, published: [{ proto, hostIp, port, targetIp, targetPort }] }, addresses as text. Clients that
 * are the host itself get the address `gateway`; `address: false` leaves the uplink without one. Other methods: `commands`.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import readline from "node:readline";
import { isSteerable } from "../../../dist/steer/link-layers.js";
import { Steering } from "../../../dist/steer/steering.js";
import { UPLINK_ADDRESS, UPLINK_CONF } from "../../../dist/steer/uplink-conf.js";
import { deleteBatch } from "../../../dist/sys/bpf.js";
import { native } from "../../../dist/sys/native.js";
import { RouteSocket } from "../../../dist/sys/rtnetlink.js";
import { FLAG_RECORD, FLOW_KEY_SIZE } from "../../../dist/wire/flow-entry.js";
import { parseIp } from "../../../dist/wire/ip-address.js";

const IFF_TAP = 0x2,
  IFF_NO_PI = 0x1000,
  IFF_VNET_HDR = 0x4000,
  RETURNED = 0x88b5,
  VNET = 10,
  ETH = 14;
const config = JSON.parse(process.argv[2]);
const number = (text) => text.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0);
const text = (address) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
const say = (event) => console.log(JSON.stringify(event));

const [fd, name] = native.openTap("tspup", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, -1);
const routes = new RouteSocket();
const uplink = routes.link(name);
routes.setLink(uplink.index, { addrGenMode: "none", ipv4Conf: UPLINK_CONF, up: true });
if (config.address !== false) execFileSync("ip", ["addr", "add", `${UPLINK_ADDRESS}/32`, "scope", "host", "dev", name]);
const steering = new Steering({
  uplinks: [uplink.index],
  flowCapacity: 1000,
  bypass: true, // this engine has no ring buffer
  forceClsact: config.clsact === true,
  linksLater: config.linksLater === true,
  routeSocket: routes,
});
const modes = {};
for (const link of routes.links()) {
  if (link.index !== uplink.index && isSteerable(link.type)) modes[link.name] = steering.attach(link.index, link.type);
}
const addresses = routes.addresses().filter((a) => a.family === "ipv4");
const locals = addresses.map((a) => number(a.address));
steering.setLocals(localsOf(addresses.map(({ address }) => address)));
for (const { proto, hostIp, port } of config.published) steering.publish(proto, parseIp(hostIp), port, port);

/** Addresses of this host, as text, with their devices. */
function localsOf(texts) {
  const all = addresses.filter(({ address }) => !address.startsWith("127.") && texts.includes(address));
  return all.map(({ address, ifindex }) => ({ address: parseIp(address), ifindex }));
}

// Translation. A tuple is "proto src srcPort dst dstPort"; `flows` gives for one the tuple to write instead.
const flows = new Map();
let nextPort = 61000;
function translate(proto, src, sport, dst, dport) {
  const known = flows.get(`${proto} ${src} ${sport} ${dst} ${dport}`);
  if (known !== undefined) return known;
  const target = config.published.find(
    (p) => p.proto === proto && p.port === dport && (p.hostIp === "0.0.0.0" || number(p.hostIp) === dst),
  );
  if (target === undefined) return undefined;
  const ours = src >>> 24 === 127 || locals.includes(src);
  const to = [ours ? number(config.gateway) : src, ours ? nextPort++ : sport, number(target.targetIp), target.targetPort];
  flows.set(`${proto} ${src} ${sport} ${dst} ${dport}`, { tuple: to, record: true });
  flows.set(`${proto} ${to[2]} ${to[3]} ${to[0]} ${to[1]}`, { tuple: [dst, dport, src, sport], record: false });
  return { tuple: to, record: true };
}

function checksum(bytes, start = 0) {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function write(ip, flags) {
  const header = (ip[0] & 15) * 4;
  ip.writeUInt16BE(0, 10);
  ip.writeUInt16BE(checksum(ip.subarray(0, header)), 10);
  // To the uplink itself, as the engine does: what is for the host is to be taken by it.
  const ethernet = [...uplink.mac.split(":").map((byte) => Number.parseInt(byte, 16)), 2, 0, 0, 0, 0, flags, 0x08, 0x00];
  const frame = Buffer.concat([Buffer.alloc(VNET), Buffer.from(ethernet), ip]);
  fs.writeSync(fd, frame);
}

function onPacket(ip) {
  const header = (ip[0] & 15) * 4;
  const proto = ip[9];
  const l4 = ip.subarray(header);
  say({ event: "taken", proto, src: text(ip.readInt32BE(12)), dst: text(ip.readInt32BE(16)), type: proto === 1 ? l4[0] : undefined });
  if (proto === 1) return onIcmp(l4);
  const flow = translate(proto, ip.readInt32BE(12), l4.readUInt16BE(0), ip.readInt32BE(16), l4.readUInt16BE(2));
  if (flow === undefined) return;
  const [src, sport, dst, dport] = flow.tuple;
  ip.writeInt32BE(src, 12);
  ip.writeInt32BE(dst, 16);
  l4.writeUInt16BE(sport, 0);
  l4.writeUInt16BE(dport, 2);
  const at = proto === 6 ? 16 : 6;
  l4.writeUInt16BE(0, at);
  const pseudo = (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + proto + l4.length;
  l4.writeUInt16BE(checksum(l4, pseudo) || 0xffff, at);
  write(ip, flow.record ? FLAG_RECORD : 0);
}

/** Reported, not translated. Of an error: the packet of ours that it is about. */
function onIcmp(l4) {
  const inner = l4.subarray(8);
  if (l4[0] === 0) say({ event: "echo-reply", id: l4.readUInt16BE(4) });
  else
    say({
      event: "icmp-error",
      type: l4[0],
      code: l4[1],
      src: text(inner.readInt32BE(12)),
      sport: inner.readUInt16BE((inner[0] & 15) * 4),
    });
}

const ANY = parseIp("0.0.0.0");
const commands = {
  /** Takes ports at any address of the host. */
  publish: (proto, first, last) => steering.publish(proto, ANY, first, last),
  withdraw: (proto, first, last) => steering.withdraw(proto, ANY, first, last),
  locals: (texts) => steering.setLocals(localsOf(texts)),
  device(method, ifname) {
    const { index, type } = routes.link(ifname);
    return steering[method](index, type);
  },
  /** Sends an echo request out of the uplink, as masquerade would. */
  ping(src, dst, id) {
    const ip = packet(1, src, dst, Buffer.from([8, 0, 0, 0, id >> 8, id & 255, 0, 1]));
    ip.writeUInt16BE(checksum(ip.subarray(20)), 22);
    write(ip, FLAG_RECORD);
  },
  /** Sends a UDP datagram of `size` bytes, without a checksum. */
  udp(src, sport, dst, dport, size, record) {
    const l4 = Buffer.alloc(8 + size);
    for (const [i, value] of [sport, dport, l4.length].entries()) l4.writeUInt16BE(value, 2 * i);
    write(packet(17, src, dst, l4), record ? FLAG_RECORD : 0);
  },
  /** How many of `keys` (hex, 16 bytes each) were in the flows map, and are no more. */
  forget: (keys) => deleteBatch(steering.flowsFd, Buffer.from(keys.join(""), "hex"), FLOW_KEY_SIZE, keys.length),
};

function packet(proto, src, dst, l4) {
  const ip = Buffer.alloc(20 + l4.length);
  ip.writeUInt16BE(0x4500, 0);
  ip.writeUInt16BE(ip.length, 2);
  ip.writeUInt16BE(0x4000, 6); // DF
  ip[8] = 64;
  ip[9] = proto;
  ip.writeInt32BE(number(src), 12);
  ip.writeInt32BE(number(dst), 16);
  l4.copy(ip, 20);
  return ip;
}

const buffer = Buffer.alloc(70_000);
const timer = setInterval(() => {
  for (;;) {
    let length;
    try {
      length = fs.readSync(fd, buffer);
    } catch (error) {
      if (error.code === "EAGAIN") return;
      throw error;
    }
    if (buffer.readUInt16BE(VNET + 12) === RETURNED) say({ event: "returned", code: buffer[VNET + 7], mtu: buffer.readUInt16LE(VNET + 8) });
    if (buffer.readUInt16BE(VNET + 12) !== 0x0800) continue;
    const ip = Buffer.from(buffer.subarray(VNET + ETH, length));
    onPacket(ip.subarray(0, ip.readUInt16BE(2)));
  }
}, 1);

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const [method, ...args] = JSON.parse(line);
  const answer = await (method in commands ? commands[method](...args) : steering[method](...args));
  say({ event: "answer", answer: answer ?? null });
});
lines.on("close", () => {
  clearInterval(timer);
  steering.close();
  routes.close();
  fs.closeSync(fd);
});
say({ event: "ready", modes });
