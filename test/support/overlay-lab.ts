/**
 * Nodes of an overlay network as namespaces on one LAN: A and B run tsproxy with a container each, L is a Linux `vxlan` device with static entries, whose
 * own address is its container.
 *
 *      A .1 ── c1       B .2 ── c2       L .3 (vxlan0)        underlay 192.0.2.0/24 or 2001:db8:5::/64
 *       └────────┬───────┴────────────────┘
 *               lan (a bridge; its own address .9 is a client)
 */
import type { CapturedView } from "../../src/api/capture-types.js";
import type { Lab } from "./lab.js";
import { ROOT } from "./paths.js";
import type { Proc } from "./proc.js";

/** The benchmark runs compiled, elsewhere. */
const PROGRAM = `${ROOT}test/support/programs/overlay-node.mjs`;
export const VNI = 4097;
export const IPS = { a: ["10.9.0.4", "fd09::4"], b: ["10.9.0.5", "fd09::5"], l: ["10.9.0.6", "fd09::6"] } as const;
export const MACS = { a: "02:42:0a:09:00:04", b: "02:42:0a:09:00:05", l: "02:42:0a:09:00:06" } as const;
export const GATEWAYS = ["10.9.0.1", "fd09::1"] as const;
type Node = keyof typeof IPS;

export interface NodeOptions {
  publish?: string[];
  workers?: string;
  firewall?: string;
  checksum?: boolean;
  encrypted?: boolean;
  /** What the containers hang on. Default: tap, so that all is the loop's. */
  attach?: "veth" | "tap";
  /** Network namespace and addresses of each container. Default: the node's own one. */
  endpoints?: (readonly string[])[];
  /** Where tsproxy makes the segments. */
  segments?: boolean;
}

export interface NodeStats {
  ports: { name: string; kind: string; rxPackets: number; rxBytes: number; txPackets: number; drops: Record<string, number> }[];
  nodes: {
    address: string;
    endpoints: number;
    rxPackets: number;
    txPackets: number;
    rxBytes: number;
    txBytes: number;
    refused: number;
    unopened: number;
    noKey: number;
  }[];
  steering: Record<string, number>;
}

export class OverlayLab {
  readonly lan: string;
  readonly ns: Record<Node, string>;
  readonly containers: { a: string; b: string };
  private readonly procs = new Map<Node, Proc>();

  constructor(
    readonly lab: Lab,
    readonly family: 4 | 6,
    mtu = 1500,
  ) {
    this.lan = lab.addNamespace("lan");
    this.ns = { a: lab.addNamespace("a"), b: lab.addNamespace("b"), l: lab.addNamespace("l") };
    this.containers = { a: lab.addNamespace("c1"), b: lab.addNamespace("c2") };
    lab.ip(
      this.lan,
      `link add br0 type bridge\nlink set br0 mtu ${mtu} up\naddr add ${this.address(9)} dev br0 ${family === 6 ? "nodad" : ""}`,
    );
    for (const [n, node] of (["a", "b", "l"] as const).entries()) {
      lab.link(this.lan, `to-${node}`, this.ns[node], "eth0");
      lab.ip(this.lan, `link set to-${node} mtu ${mtu} master br0`);
      lab.ip(this.ns[node], `link set eth0 mtu ${mtu}\naddr add ${this.address(n + 1)} dev eth0 ${family === 6 ? "nodad" : ""}`);
    }
  }

  /** Of a node in the underlay. */
  vtep(node: Node): string {
    return this.address({ a: 1, b: 2, l: 3 }[node]).replace(/\/.*/, "");
  }

  get client(): string {
    return this.address(9).replace(/\/.*/, "");
  }

  async startNode(node: "a" | "b", options: NodeOptions = {}): Promise<Proc> {
    const { segments = true, ...more } = options;
    const subnets = [
      ["10.9.0.0/16", GATEWAYS[0]],
      ["fd09::/64", GATEWAYS[1]],
    ];
    const config = { local: this.vtep(node), vni: VNI, subnets, endpoints: [[this.containers[node], ...IPS[node]]], ...more };
    const env = segments ? {} : { TSPROXY_TEST_SEGMENTS: "no" };
    const proc = this.lab.start(this.ns[node], [process.execPath, PROGRAM, JSON.stringify(config)], { input: "pipe", env });
    await proc.until("the node", () => proc.events().some(({ event }) => event === "ready"));
    this.procs.set(node, proc);
    return proc;
  }

  /** Of the nodes that were started. */
  get pids(): number[] {
    return [...this.procs.values()].map(({ pid }) => pid);
  }

  /** Tells a node who is behind the others. */
  async tell(node: "a" | "b", ...others: Node[]): Promise<void> {
    await this.apply(node, { put: others.map((other) => [other, MACS[other], IPS[other], this.vtep(other)]) });
  }

  apply(node: "a" | "b", change: unknown): Promise<void> {
    return this.say(node, { apply: change });
  }

  private async say(node: "a" | "b", line: object): Promise<void> {
    const proc = this.procs.get(node)!;
    const count = (): number => proc.events().filter(({ event }) => event === "applied").length;
    const before = count();
    proc.write(`${JSON.stringify(line)}\n`);
    await proc.until("the change", () => count() > before);
  }

  /** Tells `node` the keys that `other` has now. */
  async tellKeys(node: "a" | "b", other: "a" | "b"): Promise<void> {
    const proc = this.procs.get(other)!;
    const all = () => proc.events().filter(({ event }) => event === "keys");
    const before = all().length;
    proc.write('{"ask":"keys"}\n');
    await proc.until("the keys", () => all().length > before);
    await this.say(node, { peer: this.vtep(other), keys: all().at(-1) });
  }

  /** The node has an address of its own in the network, as which it reaches the other's endpoints; both are told. */
  async setOwn(node: "a" | "b", mac: string, address: string): Promise<void> {
    await this.say(node, { own: [mac, address] });
    await this.apply(node === "a" ? "b" : "a", { put: [[`lb-${node}`, mac, [address], this.vtep(node)]] });
  }

  /** Has the node make another key. */
  rotate(node: "a" | "b"): Promise<void> {
    return this.say(node, { rotate: true });
  }

  beginCapture(node: "a" | "b"): Promise<void> {
    return this.say(node, { capture: "begin" });
  }

  /** What the node has captured since. */
  async endCapture(node: "a" | "b"): Promise<CapturedView[]> {
    const proc = this.procs.get(node)!;
    proc.write('{"capture":"end"}\n');
    await proc.until("what was captured", () => proc.events().some(({ event }) => event === "captured"));
    return proc.events().findLast(({ event }) => event === "captured")!.packets as CapturedView[];
  }

  async stats(node: "a" | "b"): Promise<NodeStats> {
    const proc = this.procs.get(node)!;
    const all = () => proc.events().filter(({ event }) => event === "stats");
    const before = all().length;
    proc.write('{"ask":"stats"}\n');
    await proc.until("the figures", () => all().length > before);
    return all().at(-1) as unknown as NodeStats;
  }

  /** L, as Docker's overlay driver sets the device up: no learning, a static neighbor and an FDB entry for each endpoint. */
  startLinux(...others: Node[]): void {
    const overhead = this.family === 4 ? 50 : 70;
    const options = this.family === 4 ? "udpcsum" : "udp6zerocsumrx";
    const lines = [
      `link add vxlan0 address ${MACS.l} mtu ${1500 - overhead} type vxlan id ${VNI} local ${this.vtep("l")} dstport 4789 nolearning ${options}`,
      `addr add ${IPS.l[0]}/16 dev vxlan0`,
      `addr add ${IPS.l[1]}/64 dev vxlan0 nodad`,
      "link set vxlan0 up",
      ...others.flatMap((other) => IPS[other].map((ip) => `neigh add ${ip} lladdr ${MACS[other]} dev vxlan0 nud permanent`)),
    ];
    this.lab.ip(this.ns.l, lines.join("\n"));
    for (const other of others)
      this.lab.runSync(this.ns.l, ["bridge", "fdb", "append", MACS[other], "dev", "vxlan0", "dst", this.vtep(other)]);
  }

  private address(n: number): string {
    return this.family === 4 ? `192.0.2.${n}/24` : `2001:db8:5::${n}/64`;
  }
}
