/**
 * An entry of the steering programs' maps `flows` and `flows6`, which they and the engine read and write, and how the engine asks for one. Key:
 * source, destination, ports and protocol of a packet as the engine sends it (`steer/program.ts`).
 */
import { rawHalf } from "./raw.js";

export const FLOW_KEY_SIZE = 16;
/** Of `flows6`: source and destination of 16 bytes each, then u32 ports and u32 protocol as in `flows`. */
export const FLOW6_KEY_SIZE = 40;
/**
 * Value: u32 interface index of the uplink that the answers to that packet go to.
 * At FLOW_INGRESS_AT, of answers that come from a client of a published port: u32 interface index that the host's kernel accepted its
 * packet from. Those that come in at another one are left to the kernel. 0: they may come in anywhere.
 * The rest is of an offloaded flow, and says what becomes of the answers: u32 address and u16 port, raw, that they get; u8 which end they get
 * them at, OFFLOAD_* (0: the flow is not offloaded and its packets go to the engine); u8 what their TTL loses, if both ends get others; u32 monotonic second of the last answer; u32
 * packets of all answers; and if both ends get others, u32 address and u16 port of the second one, the destination. At
 * FLOW_CARRIED_AT, u32 place in the map `carried` where they are counted too (steer/carried.ts). At FLOW_ACKED_AT, raw, the u16 upper half of what the last
 * TCP segment among them acknowledged, without FIN, ACKED_FIRST instead of 0; 0: there was none.
 * At FLOW_ORDER_AT, u32 how many answers may yet wait for earlier ones (`wire/order.ts`); 0: none does.
 */
// biome-ignore format: a table
export const FLOW_VALUE_SIZE = 40, FLOW_UPLINK_AT = 0, FLOW_ADDRESS_AT = 4, FLOW_PORT_AT = 8, FLOW_OFFLOAD_AT = 10, FLOW_SEEN_AT = 12,
  FLOW_PACKETS_AT = 16, FLOW_DESTINATION_AT = 24, FLOW_DESTINATION_PORT_AT = 28, FLOW_INGRESS_AT = 32, FLOW_CARRIED_AT = 36, FLOW_ORDER_AT = 20,
  FLOW_HOPS_AT = 11, FLOW_ACKED_AT = 30, FLOW_WAY_IN_AT = 24; // where the destination is, which such a flow has not
/** Raw, 1. Who asks what has been acknowledged takes a step too far for the right number. */
export const ACKED_FIRST = rawHalf(1);
export const OFFLOAD_SOURCE = 1,
  OFFLOAD_DESTINATION = 2,
  /** Both ends, and the family: what goes to the other one. Of `flows` its tuple is in the map `across`, of `flows6` at FLOW6_ADDRESS_AT: u32 source, u32 destination, u32 ports. */
  OFFLOAD_ACROSS = 3,
  /** Both ends: the source what `address` and `port` say, the destination the other two. */
  OFFLOAD_BOTH = 4,
  /**
   * As OFFLOAD_SOURCE, of a flow that an endpoint on a veth pair has opened: the way out is asked for as one from the source that the packet has, which came in
   * by the device whose interface index is at FLOW_WAY_IN_AT, or, if that is 0, by the uplink.
   */
  OFFLOAD_INSIDE = 5;
/** Value of `flows6`: the same, but the addresses are at FLOW6_*_AT and have 16 bytes; the four at FLOW_ADDRESS_AT and FLOW_DESTINATION_AT are zero. */
export const FLOW6_VALUE_SIZE = 72,
  FLOW6_ADDRESS_AT = 40,
  FLOW6_DESTINATION_AT = 56;
/** Value of the map `across`, whose keys are those of `flows`: what becomes of the answers as IPv6. Source and destination of 16 bytes each, u32 ports. */
export const ACROSS_VALUE_SIZE = 36;

/**
 * Bits of the last byte of the Ethernet header's addresses in a frame to the uplink, which nobody but the program `emit` sees: it is to enter
 * the packet, if it is not there yet; or it is to enter the packet as one to a client, in any case; and, with that, both directions of
 * the flow as offloaded.
 *
 * With FLAG_CLIENT the other bytes say: u32 interface index that the client's packets come in at; of an offloaded flow the target's address and
 * port, raw. With FLAG_INSIDE they say the address and port, raw, of the endpoint that the packet is from, and by which device it is to have come in
 * (0: the uplink): it goes the way that the host has for that one, as the kernel routes before it masquerades. The first byte says nothing, since with
 * a group address the kernel would drop the packet; the port is in two pieces, so that words lie where words can be written.
 *
 * An IPv6 address does not fit there. With FLAG_INSIDE the number of the endpoint's port stands for it (map `inside6`). FLAG_OFFLOAD is not asked of an
 * IPv6 packet: the engine enters offloaded flows by itself. A client with a link-local address is answered through the interface of its entry in
 * `flows6`, which its address alone does not say.
 */
export const FLAG_RECORD = 1,
  FLAG_CLIENT = 2,
  FLAG_OFFLOAD = 4,
  FLAG_INSIDE = 8;
/** Of an IPv6 packet that we stand for the sender of: it may be fragmented. For the engine itself, should the frame be given back. */
export const FLAG_MAY_FRAGMENT = 16;
/** Of an answer to a client that the engine has entered by itself: the pair of addresses alone is to be entered, with the interface index as of FLAG_CLIENT. */
export const FLAG_PAIR = 32;
/**
 * A frame that `emit` gives back has the EtherType TYPE_RETURNED (`wire/ethernet.ts`), and at ASK_INGRESS_AT what the host's routing says: u8 0; u8
 * one of these, which are answers of bpf_fib_lookup; u16 MTU, little-endian, of what is too long.
 */
export const RETURNED_UNREACHABLE = 2,
  RETURNED_PROHIBITED = 3,
  RETURNED_TOO_LONG = 8;
// biome-ignore format: a table
export const ASK_PORT_AT = 1, ASK_ADDRESS_AT = 2, ASK_INGRESS_AT = 6, ASK_PORT_END_AT = 10, ASK_FLAGS_AT = 11;
