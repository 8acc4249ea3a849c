/**
 * The two tc programs, as byte code. They decide nothing about translation: `steer` takes off a host interface what belongs to
 * tsproxy and sends it into the uplink TAP; `emit` takes what the engine writes into the uplink and routes it as the host would.
 *
 * Maps (all numbers as in the packet; "raw word" is the four bytes as they lie there):
 * - flows: {src, dst, ports, protocol} of a packet *as the engine sent it*, four raw words, protocol a little-endian number.
 *   `ports` is the source port then the destination port; for an ICMP echo twice its id. Value: u32, index of the uplink that it left by.
 * - ports: {host address (0: any local one), port, protocol u8, 0 u8}, 8 bytes. Value: u32, unused.
 * - locals: the host's own addresses, a raw word. Value: u32, unused.
 * - counters: one per-CPU element, a u64 for each of COUNTERS.
 *
 * `steer` brings every packet into one form, the packet of ours that it answers: a plain packet with its ends exchanged, an
 * ICMP error as the packet inside it. That is looked up in `flows`, then its source in `ports`.
 *
 * Each worker has an uplink of its own. A reply goes to the uplink that the flow left by; what is new goes where `wire/spread.ts` says by the
 * far end, and `queueProgram` says the same for the queues of the bridge's TAPs.
 */
import { SPREAD_FACTOR } from "../wire/spread.js";
import { Assembler, type Reg } from "./assembler.js";

/** Counters in the order of their u64s. Packets that are left alone are not counted. */
export const COUNTERS = [
  "taken-port", // steer: for a published port, to the engine
  "taken-reply", // steer: answers a packet that the engine sent
  "sent", // emit: out of a host interface
  "handed-to-stack", // emit: for an address of the host, or none that has a route
  "unreachable", // the rest go to the host's stack too, which answers with ICMP, fragments, encapsulates or drops
  "fragment-needed",
  "forwarding-disabled", // somebody switched off `forwarding` of the uplink
  "unsupported-route",
  "malformed", // emit: dropped, the frame is not IPv4
  "flow-not-recorded",
] as const;
export type Counter = (typeof COUNTERS)[number];

/** How packets lie in a device's buffers: after an Ethernet header, or bare. */
export type LinkLayer = "ethernet" | "loopback" | "ip";

export interface MapFds {
  flows: number;
  ports: number;
  locals: number;
  counters: number;
}

/** Bit of the last byte of a frame's source MAC: the engine asks that `emit` enters the packet into `flows`. */
export const FLAG_RECORD = 1;

/** enum bpf_func_id. */
// biome-ignore format: a table
const MAP_LOOKUP = 1, MAP_UPDATE = 2, SKB_STORE_BYTES = 9, REDIRECT = 23, SKB_LOAD_BYTES = 26, SKB_CHANGE_TYPE = 32,
  SKB_CHANGE_HEAD = 43, FIB_LOOKUP = 69, REDIRECT_NEIGH = 152;
/** struct __sk_buff; verdicts of linux/pkt_cls.h. */
// biome-ignore format: a table
const SKB_PKT_TYPE = 4, SKB_PROTOCOL = 16, SKB_VLAN_PRESENT = 20, PACKET_HOST = 0,
  TC_ACT_UNSPEC = -1, TC_ACT_OK = 0, TC_ACT_SHOT = 2;
/** struct bpf_fib_lookup, its answers, and the size of struct bpf_redir_neigh. FIB_SKIP_NEIGH: Linux 6.3, as `redirect_neigh` looks itself. */
// biome-ignore format: a table
const FIB_SIZE = 64, FIB_L4_PROTOCOL = 1, FIB_SPORT = 2, FIB_DPORT = 4, FIB_IFINDEX = 8, FIB_TOS = 12, FIB_SRC = 16, FIB_DST = 32,
  FIB_SKIP_NEIGH = 4, FIB_SUCCESS = 0, FIB_PROHIBIT = 3, FIB_NOT_FWDED = 4, FIB_FWD_DISABLED = 5, FIB_NO_NEIGH = 7, FIB_FRAG_NEEDED = 8,
  REDIR_NEIGH_SIZE = 20, AF_INET = 2, EINVAL = 22;
/** Headers: offsets and values. 16-bit values are as a little-endian load sees them: ethertype 0x0800, fragment offset 0x1fff. */
// biome-ignore format: a table
const ETHERNET_SIZE = 14, ETHERTYPE = 12, ETHERTYPE_IPV4 = 0x0008,
  IPV4_SIZE = 20, IP_TOS = 1, IP_FRAGMENT = 6, FRAGMENT_OFFSET = 0xff1f, IP_PROTOCOL = 9, IP_SRC = 12, IP_DST = 16, LOOPBACK_NET = 127,
  ICMP = 1, TCP = 6, UDP = 17, L4_SIZE = 8,
  ICMP_ID = 4, ECHO_REPLY = 0, UNREACHABLE = 3, ECHO_REQUEST = 8, TIME_EXCEEDED = 11, PARAMETER_PROBLEM = 12;

/**
 * Stack, offsets from the frame pointer. IP and L4: IPv4 header without options, and the first 8 bytes of what follows it. FLOW and
 * PORT: keys. SENDER (steer): outer source. FRAME (emit): bytes FRAME_AT and up of the frame, so that its IP header lies at IP.
 */
// biome-ignore format: a table
const IP = -32, L4 = IP + IPV4_SIZE, FLOW = -48, FLOW_SRC = FLOW, FLOW_DST = FLOW + 4, FLOW_PORTS = FLOW + 8, FLOW_PROTO = FLOW + 12,
  PORT = -56, INDEX = -60, SENDER = -64, FRAME_AT = 11, FRAME = IP - (ETHERNET_SIZE - FRAME_AT), FIB = -128, NEXT_HOP = -152;

/** The parts that both programs are made of. r6: the packet, all along. */
class Program extends Assembler {
  private readonly maps: MapFds;

  constructor(maps: MapFds) {
    super();
    this.maps = maps;
    this.mov("r6", "r1");
  }

  stackPointer(dst: Reg, offset: number): this {
    return this.mov(dst, "r10").alu("add", dst, offset);
  }

  copy(size: "u16" | "u32", to: number, from: number): this {
    return this.load(size, "r0", "r10", from).store(size, "r10", to, "r0");
  }

  /** Copies `len` bytes of the packet at `at` to the stack, or jumps when it is shorter. */
  loadBytes(at: Reg | number, to: number, len: number, otherwise: string): this {
    this.mov("r1", "r6").mov("r2", at);
    return this.stackPointer("r3", to).mov("r4", len).call(SKB_LOAD_BYTES).jumpIf("r0", "!=", 0, otherwise);
  }

  /** r0: address of the value, or 0. */
  lookup(map: keyof MapFds, key: number): this {
    return this.loadMap("r1", this.maps[map]).stackPointer("r2", key).call(MAP_LOOKUP);
  }

  /** Enters FLOW with the value in INDEX. */
  updateFlow(): this {
    this.loadMap("r1", this.maps.flows).stackPointer("r2", FLOW).stackPointer("r3", INDEX);
    return this.mov("r4", 0).call(MAP_UPDATE);
  }

  /** r9 = which counter `count` adds to. */
  choose(counter: Counter): this {
    return this.mov("r9", 8 * COUNTERS.indexOf(counter));
  }

  /** Adds one to the chosen counter; r0 to r5 are lost. The program goes on at `label`, which this defines. */
  count(label: string): this {
    this.store("u32", "r10", INDEX, 0).lookup("counters", INDEX).jumpIf("r0", "==", 0, label);
    return this.alu("add", "r0", "r9").load("u64", "r1", "r0", 0).alu("add", "r1", 1).store("u64", "r0", 0, "r1").label(label);
  }

  /** r0 = number of the worker for the far end whose address and port are on the stack (`wire/spread.ts`); r1 is lost. */
  spread(address: number, port: number, workers: number): this {
    this.load("u32", "r0", "r10", address)
      .load("u16", "r1", "r10", port)
      .alu("xor", "r0", "r1")
      .alu("lsh", "r1", 16)
      .alu("xor", "r0", "r1");
    return this.alu("mul", "r0", SPREAD_FACTOR | 0)
      .alu("lsh", "r0", 32)
      .alu("rsh", "r0", 48)
      .alu("mod", "r0", workers);
  }

  answer(action: number): this {
    return this.mov("r0", action).exit();
  }
}

/**
 * Program for the ingress of a host interface. It leaves alone (TCX_NEXT) what the host is not the link-layer receiver of, VLAN
 * tagged packets (the VLAN device sees them again), later fragments, and on all but lo what comes from or goes to 127/8 or claims
 * one of the host's own addresses as its source.
 */
export function steerProgram(link: LinkLayer, uplinks: readonly number[], maps: MapFds): Uint8Array {
  const p = new Program(maps);
  const start = link === "ip" ? 0 : ETHERNET_SIZE;

  /** Of the header in IP at packet offset r7: r7 = offset of layer 4, r8 = protocol, L4 = its first 8 bytes. Leaves alone what has none. */
  const parse = (name: string): void => {
    if (link !== "loopback") {
      for (const address of [IP_SRC, IP_DST]) p.load("u8", "r0", "r10", IP + address).jumpIf("r0", "==", LOOPBACK_NET, "next");
    }
    p.load("u16", "r0", "r10", IP + IP_FRAGMENT)
      .alu("and", "r0", FRAGMENT_OFFSET)
      .jumpIf("r0", "!=", 0, "next");
    p.load("u8", "r8", "r10", IP + IP_PROTOCOL);
    p.load("u8", "r0", "r10", IP).alu("add", "r7", IPV4_SIZE).jumpIf("r0", "==", 0x45, name);
    p.jumpIf("r0", "<", 0x45, "next").jumpIf("r0", ">", 0x4f, "next");
    p.alu("and", "r0", 0x0f).alu("lsh", "r0", 2).alu("add", "r7", "r0").alu("add", "r7", -IPV4_SIZE);
    p.loadBytes("r7", L4, L4_SIZE, "next").label(name);
  };

  // Cheapest tests first: most packets of a busy host are not ours.
  p.load("u32", "r0", "r6", SKB_PKT_TYPE).jumpIf("r0", "!=", PACKET_HOST, "next");
  p.load("u32", "r0", "r6", SKB_VLAN_PRESENT).jumpIf("r0", "!=", 0, "next");
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", ETHERTYPE_IPV4, "next");
  p.mov("r7", start).loadBytes("r7", IP, IPV4_SIZE + L4_SIZE, "next");
  p.copy("u32", SENDER, IP + IP_SRC);
  parse("parsed");
  p.jumpIf("r8", "==", ICMP, "icmp").jumpIf("r8", "==", TCP, "plain").jumpIf("r8", "!=", UDP, "next");

  p.label("plain");
  p.copy("u32", FLOW_SRC, IP + IP_DST).copy("u32", FLOW_DST, IP + IP_SRC);
  p.copy("u16", FLOW_PORTS, L4 + 2)
    .copy("u16", FLOW_PORTS + 2, L4)
    .jump("find");

  p.label("icmp").load("u8", "r0", "r10", L4);
  for (const type of [UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM]) p.jumpIf("r0", "==", type, "error");
  p.jumpIf("r0", "!=", ECHO_REPLY, "next");
  p.copy("u32", FLOW_SRC, IP + IP_DST)
    .copy("u32", FLOW_DST, IP + IP_SRC)
    .jump("echo");

  p.label("error")
    .alu("add", "r7", L4_SIZE)
    .loadBytes("r7", IP, IPV4_SIZE + L4_SIZE, "next");
  parse("parsed-inner");
  p.copy("u32", FLOW_SRC, IP + IP_SRC)
    .copy("u32", FLOW_DST, IP + IP_DST)
    .copy("u32", FLOW_PORTS, L4);
  p.jumpIf("r8", "==", TCP, "find").jumpIf("r8", "==", UDP, "find").jumpIf("r8", "!=", ICMP, "next");
  p.load("u8", "r0", "r10", L4).jumpIf("r0", "==", ECHO_REPLY, "echo").jumpIf("r0", "!=", ECHO_REQUEST, "next");

  p.label("echo")
    .copy("u16", FLOW_PORTS, L4 + ICMP_ID)
    .copy("u16", FLOW_PORTS + 2, L4 + ICMP_ID);

  p.label("find").store("u32", "r10", FLOW_PROTO, "r8");
  p.choose("taken-reply").lookup("flows", FLOW).jumpIf("r0", "==", 0, "new").load("u32", "r7", "r0", 0).jump("take");
  p.label("new").jumpIf("r8", "==", ICMP, "next");
  p.copy("u32", PORT, FLOW_SRC)
    .copy("u16", PORT + 4, FLOW_PORTS)
    .store("u8", "r10", PORT + 6, "r8")
    .store("u8", "r10", PORT + 7, 0);
  p.choose("taken-port").lookup("ports", PORT).jumpIf("r0", "!=", 0, "pick");
  if (link === "loopback") p.load("u8", "r0", "r10", FLOW_SRC).jumpIf("r0", "==", LOOPBACK_NET, "any");
  p.lookup("locals", FLOW_SRC).jumpIf("r0", "==", 0, "next");
  p.label("any").store("u32", "r10", PORT, 0).lookup("ports", PORT).jumpIf("r0", "==", 0, "next");

  // FLOW_DST is the far end: of a plain packet its source, of an error whom our packet was for.
  p.label("pick").mov("r7", uplinks[0]!);
  if (uplinks.length > 1) {
    p.spread(FLOW_DST, FLOW_PORTS + 2, uplinks.length);
    for (const [worker, ifindex] of uplinks.entries()) p.mov("r7", ifindex).jumpIf("r0", "==", worker, "take");
  }

  p.label("take");
  if (link !== "loopback") p.lookup("locals", SENDER).jumpIf("r0", "!=", 0, "next");
  if (link === "ip") {
    // The uplink wants a frame: put an Ethernet header before the packet. Its addresses stay zero.
    p.mov("r1", "r6").mov("r2", ETHERNET_SIZE).mov("r3", 0).call(SKB_CHANGE_HEAD).jumpIf("r0", "!=", 0, "next");
    p.store("u16", "r10", INDEX, ETHERTYPE_IPV4).mov("r1", "r6").mov("r2", ETHERTYPE).stackPointer("r3", INDEX);
    p.mov("r4", 2).mov("r5", 0).call(SKB_STORE_BYTES);
  }
  p.count("counted").mov("r1", "r7").mov("r2", 0).call(REDIRECT).exit();

  return p.label("next").answer(TC_ACT_UNSPEC).assemble();
}

/**
 * Program for the ingress of the uplink: frames that the engine wrote. Needs `forwarding` on the uplink, else `fib_lookup`
 * answers nothing. What the lookup has no device for goes on to the host's own stack, which does what a router does
 * (delivers, fragments, answers "unreachable").
 */
export function emitProgram(uplinkIfindex: number, maps: MapFds): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", ETHERTYPE_IPV4, "malformed");
  p.loadBytes(FRAME_AT, FRAME, ETHERNET_SIZE - FRAME_AT + IPV4_SIZE, "malformed");
  for (let i = 0; i < FIB_SIZE; i += 8) p.store("u64", "r10", FIB + i, 0);
  p.load("u8", "r8", "r10", IP + IP_PROTOCOL);

  // Ports serve the host's routing rules and multipath hash, and the record. A later fragment has none.
  p.load("u16", "r0", "r10", IP + IP_FRAGMENT)
    .alu("and", "r0", FRAGMENT_OFFSET)
    .jumpIf("r0", "!=", 0, "route");
  p.load("u8", "r7", "r10", IP).alu("and", "r7", 0x0f).alu("lsh", "r7", 2).alu("add", "r7", ETHERNET_SIZE);
  p.loadBytes("r7", L4, L4_SIZE, "route");
  p.jumpIf("r8", "==", ICMP, "icmp").jumpIf("r8", "==", TCP, "ports").jumpIf("r8", "!=", UDP, "route");
  p.label("ports")
    .copy("u16", FIB + FIB_SPORT, L4)
    .copy("u16", FIB + FIB_DPORT, L4 + 2)
    .copy("u32", FLOW_PORTS, L4)
    .jump("record");
  p.label("icmp").load("u8", "r0", "r10", L4).jumpIf("r0", "==", ECHO_REPLY, "echo").jumpIf("r0", "!=", ECHO_REQUEST, "route");
  p.label("echo")
    .copy("u16", FLOW_PORTS, L4 + ICMP_ID)
    .copy("u16", FLOW_PORTS + 2, L4 + ICMP_ID);

  p.label("record").load("u8", "r0", "r10", FRAME).alu("and", "r0", FLAG_RECORD).jumpIf("r0", "==", 0, "route");
  p.copy("u32", FLOW_SRC, IP + IP_SRC)
    .copy("u32", FLOW_DST, IP + IP_DST)
    .store("u32", "r10", FLOW_PROTO, "r8");
  // A look first: reading is cheaper than replacing, and only the first packet of a flow finds nothing.
  p.lookup("flows", FLOW).jumpIf("r0", "!=", 0, "route");
  p.store("u32", "r10", INDEX, uplinkIfindex).updateFlow().jumpIf("r0", "==", 0, "route");
  p.choose("flow-not-recorded").count("route");

  p.store("u8", "r10", FIB, AF_INET)
    .store("u8", "r10", FIB + FIB_L4_PROTOCOL, "r8")
    .store("u32", "r10", FIB + FIB_IFINDEX, uplinkIfindex);
  p.load("u8", "r0", "r10", IP + IP_TOS).store("u8", "r10", FIB + FIB_TOS, "r0");
  p.copy("u32", FIB + FIB_SRC, IP + IP_SRC).copy("u32", FIB + FIB_DST, IP + IP_DST);
  const fibLookup = (flags: number): Program => {
    p.mov("r1", "r6").stackPointer("r2", FIB);
    return p.mov("r3", FIB_SIZE).mov("r4", flags).call(FIB_LOOKUP);
  };
  fibLookup(FIB_SKIP_NEIGH).jumpIf("r0", "!=", -EINVAL, "answered"); // EINVAL: the flag is unknown, nothing was changed
  fibLookup(0).label("answered");
  p.jumpIf("r0", "==", FIB_SUCCESS, "send").jumpIf("r0", "==", FIB_NO_NEIGH, "send").mov("r7", "r0").jump("stack");

  p.label("send").load("u32", "r7", "r10", FIB + FIB_IFINDEX);
  // Before Linux 5.12 NO_NEIGH names no device. The stack resolves the neighbour then, and the next packet finds it.
  p.jumpIf("r7", "==", uplinkIfindex, "no-device").choose("sent").count("counted");
  p.load("u8", "r0", "r10", FIB).store("u32", "r10", NEXT_HOP, "r0"); // family: an IPv4 route may have an IPv6 gateway
  for (let i = 0; i < 16; i += 4) p.copy("u32", NEXT_HOP + 4 + i, FIB + FIB_DST + i);
  p.mov("r1", "r7").stackPointer("r2", NEXT_HOP).mov("r3", REDIR_NEIGH_SIZE).mov("r4", 0).call(REDIRECT_NEIGH).exit();

  p.label("no-device").mov("r7", FIB_NOT_FWDED);
  p.label("stack");
  const reasons: [number, Counter][] = [
    [FIB_NOT_FWDED, "handed-to-stack"],
    [FIB_FWD_DISABLED, "forwarding-disabled"],
    [FIB_FRAG_NEEDED, "fragment-needed"],
  ];
  for (const [result, counter] of reasons) p.choose(counter).jumpIf("r7", "==", result, "known");
  p.choose("unsupported-route").jumpIf("r7", ">", FIB_PROHIBIT, "known").choose("unreachable");
  p.label("known").count("counted-stack");
  // The stack drops what is not addressed to the device's own MAC; the engine need not know that.
  p.mov("r1", "r6").mov("r2", PACKET_HOST).call(SKB_CHANGE_TYPE).answer(TC_ACT_OK);

  return p.label("malformed").choose("malformed").count("dropped").answer(TC_ACT_SHOT).assemble();
}

/**
 * Program that picks the queue, that is the worker, for a frame that comes out of a bridge TAP (TUNSETSTEERINGEBPF, a socket filter that
 * answers a number): by the far end, which is what the packet is for. Of an ICMP error it is whom the quoted packet came from. What is
 * no IPv4, or has no ports, goes to the first queue.
 */
export function queueProgram(workers: number, maps: MapFds): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", ETHERTYPE_IPV4, "first");
  const ends = (name: string): void => {
    p.loadBytes("r7", IP, IPV4_SIZE, "first");
    p.load("u16", "r0", "r10", IP + IP_FRAGMENT)
      .alu("and", "r0", FRAGMENT_OFFSET)
      .jumpIf("r0", "!=", 0, "first");
    p.load("u8", "r8", "r10", IP + IP_PROTOCOL);
    p.load("u8", "r0", "r10", IP).alu("and", "r0", 0x0f).alu("lsh", "r0", 2).alu("add", "r7", "r0");
    p.loadBytes("r7", L4, L4_SIZE, "first")
      .jumpIf("r8", "==", ICMP, name)
      .jumpIf("r8", "==", TCP, `${name}-ports`)
      .jumpIf("r8", "!=", UDP, "first");
    p.label(`${name}-ports`);
  };
  const echo = (end: number): Program =>
    p
      .copy("u16", L4, L4 + ICMP_ID)
      .spread(IP + end, L4, workers)
      .exit();
  p.mov("r7", ETHERNET_SIZE);
  ends("outer");
  p.spread(IP + IP_DST, L4 + 2, workers).exit();
  p.label("outer").load("u8", "r0", "r10", L4);
  for (const type of [UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM]) p.jumpIf("r0", "==", type, "error");
  echo(IP_DST);
  p.label("error").alu("add", "r7", L4_SIZE);
  ends("inner");
  p.spread(IP + IP_SRC, L4, workers).exit();
  p.label("inner");
  echo(IP_SRC);
  return p.label("first").answer(0).assemble();
}
