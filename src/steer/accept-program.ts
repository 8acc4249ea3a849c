/**
 * `accept`, a socket filter on the sockets that hold published ports: it gives the engine what the host's kernel has let through to
 * them, and then drops it, so that the sockets themselves get nothing.
 *
 * What is here has passed what any packet for a program of the host must pass: header checks, reverse-path filter, netfilter's PREROUTING
 * and INPUT, IPsec policies; the checksum too, but that of long TCP segments, which the kernel leaves for later. Datagrams are whole
 * again, VLAN tags gone. So the first packet of a flow comes this way, and whatever else `steer` finds no entry for.
 *
 * It copies the packet into a ring buffer, one a worker, picked as `wire/spread.ts` says: by the client, but by the host's end for an endpoint
 * of an own network, whose other packets come by a queue that is picked so (queue-program.ts). A record's size must be known
 * when the program is loaded: so there are a few, and each packet takes the smallest that it fits into.
 */
import { HEAD_AT, HEAD_LENGTH_AT, IFINDEX_AT, REST_AT, REST_LENGTH_AT } from "../wire/accept-record.js";
import { type Family, NEXT_HEADER, V4, V6 } from "./family.js";
import { copyStamp, stampAccepted, stampLost } from "./order-program.js";
import {
  type Counter,
  ETHERNET_SIZE,
  ETHERTYPE,
  INDEX,
  IP_PROTOCOL,
  L4_SIZE,
  type MapFds,
  Program,
  SCTP,
  SKB_GSO_SIZE,
  SKB_IFINDEX,
  SKB_LEN,
  SKB_LOAD_BYTES,
  SKB_PROTOCOL,
  TCP,
  UDP,
} from "./program.js";

/** Bytes of a worker's ring buffer, a power of two: room for 5,000 small records, or 15 of the largest. */
export const RING_SIZE = 1 << 20;
/** Room for what follows the IP header: a SYN or a question to DNS; a packet on Ethernet; the longest datagram. */
const SIZES = [104, 1944, 65_535 - V4.ipSize].map((rest) => (REST_AT + rest + 7) & ~7);

/** enum bpf_func_id, enum bpf_hdr_start_off. */
// biome-ignore format: a table
const SKB_LOAD_BYTES_RELATIVE = 68, RINGBUF_RESERVE = 131, RINGBUF_SUBMIT = 132, RINGBUF_DISCARD = 133, HDR_START_NET = 1;
/** Of the record: fields of the virtio-net header (`wire/vnet.ts`), then the Ethernet header, whose addresses are a stamp (order-program.ts). */
// biome-ignore format: a table
const VNET_FLAGS_AT = HEAD_AT, VNET_GSO_TYPE_AT = HEAD_AT + 1, VNET_GSO_SIZE_AT = HEAD_AT + 4, VNET_CSUM_START_AT = HEAD_AT + 6,
  VNET_CSUM_OFFSET_AT = HEAD_AT + 8, ETHERNET_AT = HEAD_AT + 10, IP_AT = ETHERNET_AT + ETHERNET_SIZE;
const NEEDS_CSUM = 1,
  GSO_TCPV4 = 1,
  GSO_TCPV6 = 4,
  TCP_CSUM_OFFSET = 16;

/** Of IPv6's header: payload length. Of a record: room for extension headers. A packet with more of them is dropped. */
const IP6_PAYLOAD_LENGTH = 4,
  EXTENSIONS_ROOM = REST_AT - IP_AT - V6.ipSize;
/** Drops; the socket gets none of the packet's bytes. */
const DROP = 0;

/**
 * The same for a raw socket of protocol SCTP and of a family, where the kernel has no SCTP sockets: it gets every SCTP packet for the host after the
 * same checks, of IPv4 with its header. So what is for a published port is looked up in `ports`.
 */
export function acceptRawProgram(rings: readonly number[], maps: MapFds, family: 4 | 6): Uint8Array {
  const p = new Program(maps);
  acceptFamily(p, family === 4 ? V4 : V6, rings, true);
  return p.assemble();
}

/** `rings`: descriptors of the workers' ring buffers. `ipv6`: the kernel has it. */
export function acceptProgram(rings: readonly number[], maps: MapFds, { ipv6 = false } = {}): Uint8Array {
  const p = new Program(maps);
  if (ipv6) p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "==", V6.ethertype, "other");
  acceptFamily(p, V4, rings);
  if (!ipv6) return p.assemble();
  p.label("other").section("IPv6");
  acceptFamily(p, V6, rings);
  return p.assemble();
}

function acceptFamily(p: Program, f: Family, rings: readonly number[], raw = false): void {
  const { ip, l4, src, dst, rest } = f.stack;
  /** Copies `len` bytes of the packet, from the IP header's `at` on. */
  const loadFromIp = (at: number, to: () => void, len: () => void, otherwise: string): void => {
    p.mov("r1", "r6").mov("r2", at);
    to();
    len();
    p.mov("r5", HDR_START_NET).call(SKB_LOAD_BYTES_RELATIVE).jumpIf("r0", "!=", 0, otherwise);
  };
  const toStack = (offset: number) => (): void => void p.stackPointer("r3", offset);

  // r7: length of the IP header, of IPv6 with its extension headers; r8: of what follows. The packet starts at layer 4, of which a TCP or UDP
  // header is there.
  loadFromIp(0, toStack(ip), () => p.mov("r4", f.ipSize), "odd");
  if (f.version === 4) p.load("u8", "r7", "r10", ip).alu("and", "r7", 0x0f).alu("lsh", "r7", 2).jumpIf("r7", "<", f.ipSize, "odd");
  p.load("u32", "r8", "r6", SKB_LEN);
  if (f.version === 6) {
    p.load("u8", "r7", "r10", ip + IP6_PAYLOAD_LENGTH)
      .alu("lsh", "r7", 8)
      .load("u8", "r0", "r10", ip + IP6_PAYLOAD_LENGTH + 1)
      .alu("or", "r7", "r0")
      .alu("sub", "r7", "r8");
    p.jumpIf("r7", ">", EXTENSIONS_ROOM, "odd").alu("add", "r7", f.ipSize);
  }
  const withHeader = raw && f.version === 4;
  if (withHeader) p.jumpIf("r8", "<", "r7", "odd").alu("sub", "r8", "r7");
  p.jumpIf("r8", "<", L4_SIZE, "odd").loadBytes(withHeader ? "r7" : 0, l4, L4_SIZE, "odd");
  if (raw) ifPublished();

  if (rings.length > 1) pickWorker();
  for (const worker of rings.keys()) {
    const isLast = worker === rings.length - 1;
    if (!isLast) p.load("u32", "r0", "r10", rest).jumpIf("r0", "!=", worker, `not worker ${worker}`);
    stampAccepted(p, f, worker, "odd");
    if (!isLast) p.jump("stamped").label(`not worker ${worker}`);
  }
  p.label("stamped");
  for (const size of SIZES) {
    p.jumpIf("r8", ">", size - REST_AT, `more than ${size}`);
    if (rings.length > 1) p.load("u32", "r0", "r10", rest);
    for (const [worker, fd] of rings.entries()) {
      p.loadMap("r1", fd);
      if (worker < rings.length - 1) p.jumpIf("r0", "==", worker, `reserve ${size}`);
    }
    p.label(`reserve ${size}`).mov("r2", size).mov("r3", 0).call(RINGBUF_RESERVE);
    p.jumpIf("r0", "==", 0, "full").mov("r9", "r0");
    fill(size);
    p.label(`more than ${size}`);
  }

  /** Goes on with a packet that is for a port in `ports`; what is not is nobody's here, and is not counted. */
  function ifPublished(): void {
    const { port } = f.stack;
    const portAt = port + f.addressSize;
    p.copyAddress(f, port, dst)
      .copy("u16", portAt, l4 + 2)
      .store("u8", "r10", portAt + 2, SCTP)
      .store("u8", "r10", portAt + 3, 0);
    p.lookup(f.maps.ports, port).jumpIf("r0", "!=", 0, "published");
    for (let i = 0; i < f.addressSize; i += 4) p.store("u32", "r10", port + i, 0);
    p.lookup(f.maps.ports, port).jumpIf("r0", "!=", 0, "published").answer(DROP).label("published");
  }

  /** `rest` = number of the worker. */
  function pickWorker(): void {
    p.load("u32", "r0", "r6", SKB_IFINDEX).store("u32", "r10", INDEX, "r0").lookup("own", INDEX).jumpIf("r0", "!=", 0, "endpoint");
    p.spread(f, src, l4, rings.length)
      .jump("picked")
      .label("endpoint")
      .spread(f, dst, l4 + 2, rings.length);
    p.label("picked").store("u32", "r10", rest, "r0");
  }

  /** Fills the record of `size` bytes at r9, and ends. */
  function fill(size: number): void {
    const discard = `discard ${size}`;
    p.load("u32", "r0", "r6", SKB_IFINDEX).store("u32", "r9", IFINDEX_AT, "r0");
    p.mov("r0", "r7")
      .alu("add", "r0", IP_AT - HEAD_AT)
      .store("u32", "r9", HEAD_LENGTH_AT, "r0");
    p.store("u32", "r9", REST_LENGTH_AT, "r8");
    for (let at = HEAD_AT; at < IP_AT; at += 8) p.store("u64", "r9", at, 0);
    copyStamp(p, "r9", ETHERNET_AT);
    p.store("u16", "r9", ETHERNET_AT + ETHERTYPE, f.ethertype);
    loadFromIp(
      0,
      () => p.mov("r3", "r9").alu("add", "r3", IP_AT),
      () => p.mov("r4", "r7"),
      discard,
    );
    p.mov("r1", "r6")
      .mov("r2", withHeader ? "r7" : 0)
      .mov("r3", "r9")
      .alu("add", "r3", REST_AT)
      .mov("r4", "r8");
    p.call(SKB_LOAD_BYTES).jumpIf("r0", "!=", 0, discard);
    // Segments that the kernel has put together, and those of a sender on this machine, have one checksum, which is partial. Datagrams come singly.
    p.load("u32", "r1", "r6", SKB_GSO_SIZE).jumpIf("r1", "==", 0, `whole ${size}`);
    if (f.version === 4) p.load("u8", "r0", "r10", ip + IP_PROTOCOL).jumpIf("r0", "!=", TCP, `whole ${size}`);
    else p.load("u8", "r0", "r10", ip + NEXT_HEADER).jumpIf("r0", "==", UDP, `whole ${size}`);
    p.store("u8", "r9", VNET_FLAGS_AT, NEEDS_CSUM)
      .store("u8", "r9", VNET_GSO_TYPE_AT, f.version === 4 ? GSO_TCPV4 : GSO_TCPV6)
      .store("u16", "r9", VNET_GSO_SIZE_AT, "r1");
    p.alu("add", "r7", ETHERNET_SIZE).store("u16", "r9", VNET_CSUM_START_AT, "r7").store("u16", "r9", VNET_CSUM_OFFSET_AT, TCP_CSUM_OFFSET);
    p.label(`whole ${size}`).mov("r1", "r9").mov("r2", 0).call(RINGBUF_SUBMIT);
    end("accepted", `accepted ${size}`);
    p.label(discard).mov("r1", "r9").mov("r2", 0).call(RINGBUF_DISCARD);
    end("accept-failed", `failed ${size}`);
  }
  function end(counter: Counter, name: string): void {
    p.choose(counter).count(name).answer(DROP);
  }

  end("accept-failed", "failed"); // longer than any datagram
  p.label("odd");
  end("accept-failed", "counted-odd");
  p.label("full");
  stampLost(p);
  end("accept-ring-full", "counted-full");
}
