/**
 * Open vSwitch with its userspace datapath and NAT by `ct(nat)`; its kernel module is asked for in vain where these figures come from. Twice: by
 * AF_PACKET with segmentation offload, best for bulk; and by AF_XDP, best for small packets, which knows no offload at all.
 */
import fs from "node:fs";
import path from "node:path";
import { eventually } from "../../test/support/proc.js";
import { ADDR, MASQUERADE } from "../../test/support/topology.js";
import { versionOf } from "../machine.js";
import { PUBLISHED, type Role, type Session } from "../topology.js";
import { needs, type Peer, type Started } from "./peer.js";

/** Of the bridge; not that of one of its ports, which is the default: the kernel would take part in what comes in there. */
const MAC = "02:00:00:00:00:01";
const SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";

const PORTS = ["eth0", "veth1", "veth2"];

const common: Omit<Peer, "name" | "title" | "start"> = {
  mover: "ovs-vswitchd",
  scenarios: ["publish", "bridge", "masquerade"],
  containers: "veth",
  version: () => versionOf(["ovs-vswitchd", "--version"]),
  missing: needs("ovs-vswitchd", "ovsdb-server", "ovsdb-tool", "ovs-vsctl", "ovs-ofctl"),
};

export const openvswitch: Peer = {
  ...common,
  name: "openvswitch",
  title: "Open vSwitch (AF_PACKET)",
  start: (session) => start(session, false),
};

export const openvswitchXdp: Peer = {
  ...common,
  name: "openvswitch-xdp",
  title: "Open vSwitch (AF_XDP)",
  scenarios: ["publish"],
  missing: needs("ovs-vswitchd", "ovsdb-server", "ovsdb-tool", "ovs-vsctl", "ovs-ofctl", "ethtool"),
  start: (session) => start(session, true),
};

async function start(session: Session, xdp: boolean): Promise<Started> {
  const dir = session.lab.dir;
  const env = { OVS_RUNDIR: dir, OVS_LOGDIR: dir, OVS_DBDIR: dir };
  const socket = path.join(dir, "db.sock");
  const file = path.join(dir, "conf.db");
  const set = (...args: string[]): string => session.run("host", ["ovs-vsctl", `--db=unix:${socket}`, ...args]);
  session.run("host", ["ovsdb-tool", "create", file, SCHEMA]);
  const database = session.start("host", ["ovsdb-server", `--remote=punix:${socket}`, file], { env });
  await eventually("ovsdb-server listens", () => fs.existsSync(socket));
  set("--no-wait", "init", "--", "set", "Open_vSwitch", ".", `other_config:userspace-tso-enable=${!xdp}`);
  const daemon = session.start("host", ["ovs-vswitchd", `unix:${socket}`], { env });
  set("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev", "fail-mode=secure", `other_config:hwaddr=${MAC}`);
  for (const port of PORTS) set("add-port", "br0", port, ...(xdp ? ["--", "set", "interface", port, "type=afxdp"] : []));
  if (xdp) {
    // Frames with checksums or segments left to the device are not for AF_XDP.
    for (const role of ["client", "c1", "c2"] as const)
      session.run(role, ["ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off"]);
    for (const port of PORTS) session.run("host", ["ethtool", "-K", port, "tx", "off"]);
  }
  // The bridge's own device answers ARP for the host, and no other: what came to eth0's own address the kernel would take.
  session.run("host", ["sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1"]);
  session.ip(
    "host",
    `addr del ${ADDR.host}/24 dev eth0`,
    `addr add ${ADDR.host}/24 dev br0`,
    `addr add ${ADDR.gateway}/16 dev br0`,
    "link set br0 up",
  );
  session.run("host", ["ovs-ofctl", "add-flows", path.join(dir, "br0.mgmt"), "-"], flows(session));
  return {
    movers: [daemon.pid],
    stop: async () => {
      await daemon.stop();
      await database.stop();
    },
  };
}

/** OpenFlow rules: NORMAL switching, and above it NAT with what a router does to a packet. */
function flows(session: Session): string {
  const mac = (role: Role, device: string): string =>
    session.lab.runSync(session.world[role], ["ip", "-br", "link", "show", device]).split(/\s+/)[2] ?? "";
  const own = mac("host", "br0");
  const to = (role: "client" | "c1", port: string): string => `mod_dl_src:${own},mod_dl_dst:${mac(role, "eth0")},dec_ttl,output:${port}`;
  const rules = [
    "table=0,priority=0,actions=NORMAL",
    `table=1,ip,nw_dst=${ADDR.c1},actions=${to("c1", "veth1")}`,
    `table=1,ip,nw_dst=${ADDR.client},actions=${to("client", "eth0")}`,
  ];
  if (session.scenario === "publish") {
    for (const { proto, hostPort, port } of PUBLISHED) {
      rules.push(
        `table=0,priority=10,${proto},in_port=eth0,nw_dst=${ADDR.host},tp_dst=${hostPort},actions=ct(commit,nat(dst=${ADDR.c1}:${port}),table=1)`,
      );
      rules.push(`table=0,priority=10,${proto},in_port=veth1,nw_src=${ADDR.c1},tp_src=${port},actions=ct(nat,table=1)`);
    }
  } else if (session.scenario === "masquerade") {
    const ports = `${MASQUERADE.first}-${MASQUERADE.last}`;
    for (const proto of ["tcp", "udp"]) {
      rules.push(
        `table=0,priority=10,${proto},in_port=veth1,nw_dst=${ADDR.client},actions=ct(commit,nat(src=${ADDR.host}:${ports}),table=1)`,
      );
      rules.push(`table=0,priority=10,${proto},in_port=eth0,nw_dst=${ADDR.host},actions=ct(nat,table=1)`);
    }
  }
  return `${rules.join("\n")}\n`;
}
