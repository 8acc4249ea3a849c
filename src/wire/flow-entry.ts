/**
 * An entry of the steering programs' map `flows`, which they and the engine read and write, and how the engine asks for one. Key: source,
 * destination, ports and protocol of a packet as the engine sent it (`steer/program.ts`).
 */

export const FLOW_KEY_SIZE = 16;
/**
 * Value: u32 interface index of the uplink that the flow left by. The rest is of an offloaded flow, and says what becomes of the answers to
 * the packet of the key: u32 address and u16 port, raw, that they get; u8 which end they get them at, OFFLOAD_* (0: the flow is not offloaded
 * and its packets go to the engine); u32 monotonic second of the last answer; u64 packets and u64 bytes of all answers.
 */
// biome-ignore format: a table
export const FLOW_VALUE_SIZE = 32, FLOW_ADDRESS_AT = 4, FLOW_PORT_AT = 8, FLOW_OFFLOAD_AT = 10, FLOW_SEEN_AT = 12, FLOW_PACKETS_AT = 16,
  FLOW_BYTES_AT = 24;
export const OFFLOAD_SOURCE = 1,
  OFFLOAD_DESTINATION = 2;

/**
 * Bits of the last byte of the source MAC address of a frame to the uplink, which nobody but the program `emit` sees: `emit` is to enter the
 * packet into `flows`; `steer` is to carry the flow from now on. In the latter case the last four bytes of the destination MAC address and the
 * third and fourth of the source MAC address are the address and the port that the client sends to, as in its packet. (Not the first
 * bytes: with a group address there the kernel would drop the packet.)
 */
export const FLAG_RECORD = 1,
  FLAG_OFFLOAD = 2;
