/**
 * What differs between IPv4 and IPv6 for the steering's programs: layouts of headers, types of ICMP, maps, and where things lie on the stack.
 * A program has a section for each family, both made by the same code from these tables.
 */
import { FLOW_ADDRESS_AT, FLOW_KEY_SIZE, FLOW_VALUE_SIZE, FLOW6_ADDRESS_AT, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../wire/flow-entry.js";
import { PROTO_ICMP } from "../wire/ipv4.js";
import { PROTO_ICMPV6 } from "../wire/ipv6.js";

export interface Family {
  readonly version: 4 | 6;
  /** As a little-endian load sees it. */
  readonly ethertype: number;
  /** AF_*. */
  readonly af: number;
  readonly addressSize: 4 | 16;
  /** Header without options. */
  readonly ipSize: number;
  /** Time to live, hop limit: offset in the header. */
  readonly ttlAt: number;
  readonly icmp: number;
  /** Types of errors, which quote the packet that they are about. */
  readonly icmpErrors: readonly number[];
  /** Types of queries that may belong to a flow (RFC 5508 §2: echo, timestamp, information, address mask). */
  readonly queryRequests: readonly number[];
  readonly queryReplies: readonly number[];
  readonly echoRequest: number;
  readonly echoReply: number;
  readonly keySize: number;
  /** Of a value of `flows`, and where its address is. */
  readonly valueSize: number;
  readonly flowAddressAt: number;
  readonly maps: {
    readonly flows: "flows" | "flows6";
    readonly fragments: "fragments" | "fragments6";
    readonly pairs: "pairs" | "pairs6";
    readonly ports: "ports" | "ports6";
    readonly locals: "locals" | "locals6";
    readonly ipsec: "ipsec" | "ipsec6";
    readonly asked: "asked" | "asked6";
    readonly peers: "peers" | "peers6";
  };
  readonly stack: Stack;
}

/** Offsets from the frame pointer. What the families have of the same size is in `program.ts`. */
interface Stack {
  /** Header without options, and behind it the first 8 bytes of layer 4. */
  readonly ip: number;
  readonly l4: number;
  /** Of the header. */
  readonly src: number;
  readonly dst: number;
  /** A key of `flows`, of `fragments`, of `asked`. */
  readonly flow: number;
  readonly flowSrc: number;
  readonly flowDst: number;
  readonly flowPorts: number;
  readonly flowProto: number;
  /** A key of `ports`. */
  readonly port: number;
  /** A value of `fragments`. */
  readonly rest: number;
  /** Who sent the outer packet. */
  readonly sender: number;
  /** A value of `flows`, a key of `ipsec`. */
  readonly value: number;
  /** Address by which the host's routing is asked, and the interface index that the packet is to have come in by. */
  readonly whose: number;
  readonly wayIn: number;
}

function stack(
  at: { ip: number; flow: number; port: number; rest: number; sender: number; value: number; whose: number; wayIn: number },
  ipSize: number,
  size: number,
): Stack {
  return {
    ...at,
    l4: at.ip + ipSize,
    src: at.ip + ipSize - 2 * size,
    dst: at.ip + ipSize - size,
    flowSrc: at.flow,
    flowDst: at.flow + size,
    flowPorts: at.flow + 2 * size,
    flowProto: at.flow + 2 * size + 4,
  };
}

export const V4: Family = {
  version: 4,
  ethertype: 0x0008,
  af: 2,
  addressSize: 4,
  ipSize: 20,
  ttlAt: 8,
  icmp: PROTO_ICMP,
  icmpErrors: [3, 11, 12], // unreachable, time exceeded, parameter problem
  queryRequests: [8, 13, 15, 17],
  queryReplies: [0, 14, 16, 18],
  echoRequest: 8,
  echoReply: 0,
  keySize: FLOW_KEY_SIZE,
  valueSize: FLOW_VALUE_SIZE,
  flowAddressAt: FLOW_ADDRESS_AT,
  maps: {
    flows: "flows",
    fragments: "fragments",
    pairs: "pairs",
    ports: "ports",
    locals: "locals",
    ipsec: "ipsec",
    asked: "asked",
    peers: "peers",
  },
  stack: stack({ ip: -32, flow: -48, port: -56, rest: -56, sender: -64, value: -192, whose: -212, wayIn: -216 }, 20, 4),
};

export const V6: Family = {
  version: 6,
  ethertype: 0xdd86,
  af: 10,
  addressSize: 16,
  ipSize: 40,
  ttlAt: 7,
  icmp: PROTO_ICMPV6,
  icmpErrors: [1, 2, 3, 4], // unreachable, packet too big, time exceeded, parameter problem
  queryRequests: [128],
  queryReplies: [129],
  echoRequest: 128,
  echoReply: 129,
  keySize: FLOW6_KEY_SIZE,
  valueSize: FLOW6_VALUE_SIZE,
  flowAddressAt: FLOW6_ADDRESS_AT,
  maps: {
    flows: "flows6",
    fragments: "fragments6",
    pairs: "pairs6",
    ports: "ports6",
    locals: "locals6",
    ipsec: "ipsec6",
    asked: "asked6",
    peers: "peers6",
  },
  stack: stack({ ip: -256, flow: -304, port: -328, rest: -328, sender: -344, value: -400, whose: -48, wayIn: -32 }, 40, 16),
};

/** Of IPv6 (RFC 8200 §4): headers between the IP header and layer 4. */
export const NEXT_HEADER = 6,
  FRAGMENT_HEADER = 44,
  AUTHENTICATION_HEADER = 51,
  /** Those whose second byte is their length in units of 8 bytes, the first of which does not count. */
  EXTENSION_HEADERS = [0, 43, 60, 135, 139, 140] as const,
  /** A longer chain is left alone. As `wire/ipv6.ts`. */
  MAX_EXTENSIONS = 8;
/** Stack: 8 bytes of an extension header; of a fragment header what says where the fragment belongs (0: there is none), and the identification. */
export const EXTENSION = -408,
  FRAGMENT_BITS = -412,
  FRAGMENT_ID = -416;
/** Offset and "more" of a fragment header as a little-endian load of its bytes 2 and 3 sees them. */
export const FRAGMENT6_OFFSET = 0xf8ff,
  MORE_FRAGMENTS6 = 0x0100;
