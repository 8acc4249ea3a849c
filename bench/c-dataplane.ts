/**
 * Program of the peer `c-on-tap`, run in the host's namespace: makes uplink, steering and endpoints as src/control does, with the shipped
 * modules, and hands them to `nat-tap`. Arguments: namespaces of c1 and c2, to put them into an own network; none: publish.
 */
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import { ADDR, NETWORK } from "../test/support/topology.js";
import { native, shipped } from "./paths.js";
import { PUBLISHED } from "./topology.js";

const { DEFAULT_CONNTRACK_MAX: FLOWS } = await shipped<typeof import("../src/standalone/config.js")>("standalone/config.js");
const { PastBridge } = await shipped<typeof import("../src/control/past-bridge.js")>("control/past-bridge.js");
const { openTap } = await shipped<typeof import("../src/device/tap.js")>("device/tap.js");
const { RouteSocket } = await shipped<typeof import("../src/sys/rtnetlink.js")>("sys/rtnetlink.js");
const { Steering } = await shipped<typeof import("../src/steer/steering.js")>("steer/steering.js");
const { UPLINK_ADDRESS, UPLINK_CONF } = await shipped<typeof import("../src/steer/uplink-conf.js")>("steer/uplink-conf.js");
const { ofIpv4, parseIp } = await shipped<typeof import("../src/wire/ip-address.js")>("wire/ip-address.js");

/** As in src/control/uplink.ts; ports as tsproxy has them without an option. */
const UPLINK_QUEUE = 2000,
  MAX_MTU = 65_521,
  MASQUERADE = "10240 32767";
const UPLINK = 1,
  HOST = 2,
  ENDPOINT = 3;
const ETHERNET = 1,
  LOOPBACK = 772; // ARPHRD_*
/** Where a worker would say at once that the kernel has told something of a bridge. */
const HEAR_MS = 100;
const PROTOCOLS = { tcp: 6, udp: 17 };

const namespaces = process.argv.slice(2);
const fds: number[] = [];
const lines: string[] = [];

function addPort(port: number, fd: number, kind: number, mac: string, address: string): void {
  lines.push(`port ${port} ${3 + fds.push(fd) - 1} ${kind} ${mac} ${address}`);
}

function macOf(device: string, ns?: string): string {
  const text = execFileSync("ip", [...(ns === undefined ? [] : ["-n", ns]), "-br", "link", "show", device], { encoding: "utf8" });
  return text.split(/\s+/)[2] ?? "";
}

const socket = new RouteSocket();
const uplink = openTap({ name: "tspup%d" });
const ifindex = socket.link(uplink.name)!.index;
socket.setLink(ifindex, { mtu: MAX_MTU, txQueueLen: UPLINK_QUEUE, addrGenMode: "none", ipv4Conf: UPLINK_CONF });
socket.addAddress(ifindex, UPLINK_ADDRESS, 32);
socket.setLink(ifindex, { up: true });
const pastBridge = namespaces.length === 0 && PastBridge.isPossible();
const steering = new Steering({ uplinks: [ifindex], flowCapacity: FLOWS, bypass: true, pastBridge, routeSocket: socket });
addPort(0, uplink.fds[0]!, UPLINK, macOf(uplink.name), "0.0.0.0");

const locals: string[] = [ADDR.host, ADDR.host2, ADDR.gateway];
if (namespaces.length > 0) {
  const gateway = openTap({ name: "tsphost%d" });
  const [, prefix = "16"] = NETWORK.split("/");
  execFileSync("ip", ["addr", "add", `${ADDR.gateway}/${prefix}`, "dev", gateway.name]);
  execFileSync("ip", ["link", "set", gateway.name, "up"]);
  const mac = macOf(gateway.name);
  addPort(1, gateway.fds[0]!, HOST, mac, ADDR.gateway);
  lines.push(`network ${NETWORK.replace("/", " ")} ${mac} ${ADDR.host} ${MASQUERADE}`);
  namespaces.forEach((ns, i) => {
    const address = [ADDR.c1, ADDR.c2][i]!;
    const nsFd = fs.openSync(`/run/netns/${ns}`, "r");
    const tap = openTap({ name: "eth0", nsFd });
    fs.closeSync(nsFd);
    const input = `addr add ${address}/${prefix} dev eth0\nlink set eth0 up\nroute add default via ${ADDR.gateway}\n`;
    execFileSync("ip", ["-n", ns, "-batch", "-"], { input });
    addPort(2 + i, tap.fds[0]!, ENDPOINT, macOf("eth0", ns), address);
  });
} else {
  for (const { proto, hostPort, port } of PUBLISHED) {
    lines.push(`publish ${PROTOCOLS[proto]} ${hostPort} ${ADDR.c1} ${port}`);
    steering.publish(PROTOCOLS[proto], ofIpv4(0), hostPort, hostPort);
  }
}
lines.push(...locals.map((text) => `local ${text}`), "go", "");
for (const link of socket.links()) {
  if (["eth0", "eth1", "docker0"].includes(link.name)) steering.attach(link.index, ETHERNET);
  if (link.name === "lo") steering.attach(link.index, LOOPBACK);
}
const addresses = socket.addresses().filter(({ address }) => locals.includes(address));
steering.setLocals(addresses.map(({ address, ifindex }) => ({ address: parseIp(address)!, ifindex })));

if (pastBridge) {
  const past = new PastBridge(socket, { watch: () => {} }, steering);
  setInterval(() => past.onReadable(), HEAR_MS).unref();
}

const child = spawn(native("nat-tap"), [String(FLOWS)], { stdio: ["pipe", "pipe", "inherit", ...fds] });
child.stdin!.end(lines.join("\n"));
child.stdout!.once("data", () => process.stdout.write(`ready ${child.pid}\n`));
child.on("exit", () => process.exit());
process.on("SIGTERM", () => child.kill());
