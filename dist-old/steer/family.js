/**
 * What differs between IPv4 and IPv6 for the steering's programs: layouts of headers, types of ICMP, maps, and where things lie on the stack.
 * A program has a section for each family, both made by the same code from these tables.
 */
import { FLOW_ADDRESS_AT, FLOW_KEY_SIZE, FLOW_VALUE_SIZE, FLOW6_ADDRESS_AT, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../wire/flow-entry.js";
import { PROTO_ICMP } from "../wire/ipv4.js";
import { PROTO_ICMPV6 } from "../wire/ipv6.js";
function stack(at, ipSize, size) {
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
export const V4 = {
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
    maps: { flows: "flows", fragments: "fragments", pairs: "pairs", ports: "ports", locals: "locals", ipsec: "ipsec", asked: "asked" },
    stack: stack({ ip: -32, flow: -48, port: -56, rest: -56, sender: -64, value: -192, whose: -212, wayIn: -216 }, 20, 4),
};
export const V6 = {
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
    maps: { flows: "flows6", fragments: "fragments6", pairs: "pairs6", ports: "ports6", locals: "locals6", ipsec: "ipsec6", asked: "asked6" },
    stack: stack({ ip: -256, flow: -304, port: -328, rest: -328, sender: -344, value: -400, whose: -48, wayIn: -32 }, 40, 16),
};
/** Of IPv6 (RFC 8200 §4): headers between the IP header and layer 4. */
export const NEXT_HEADER = 6, FRAGMENT_HEADER = 44, AUTHENTICATION_HEADER = 51, 
/** Those whose second byte is their length in units of 8 bytes, the first of which does not count. */
EXTENSION_HEADERS = [0, 43, 60, 135, 139, 140], 
/** A longer chain is left alone. As `wire/ipv6.ts`. */
MAX_EXTENSIONS = 8;
/** Stack: 8 bytes of an extension header; of a fragment header what says where the fragment belongs (0: there is none), and the identification. */
export const EXTENSION = -408, FRAGMENT_BITS = -412, FRAGMENT_ID = -416;
/** Offset and "more" of a fragment header as a little-endian load of its bytes 2 and 3 sees them. */
export const FRAGMENT6_OFFSET = 0xf8ff, MORE_FRAGMENTS6 = 0x0100;
//# sourceMappingURL=family.js.map