/**
 * Entries of the steering's map `station_pairs`: how frames from one station of an own network, or of a LAN, to another are carried (`steer/pair-program.ts`).
 *
 * Key, 16 bytes: first two bytes of the destination's MAC, of the source's, the other four of the destination's, of the source's, u32 number of the network
 * in the engine. Value, 24 bytes: u32 how, u32 interface index, source MAC that it gets, u16 VLAN that it gets (0: none), u16 numbers of the engine's
 * ports of the endpoints that it is from and for (STATION_PAIR_NO_PORT: of none), u32 how many frames may yet wait for earlier ones, and ask whether they do (`wire/order.ts`). Numbers are little-endian words as the programs load them.
 */
export const STATION_PAIR_KEY_SIZE = 16,
  STATION_PAIR_VALUE_SIZE = 24,
  STATION_PAIR_HOW_AT = 0,
  STATION_PAIR_DEVICE_AT = 4,
  STATION_PAIR_MAC_AT = 8,
  STATION_PAIR_VLAN_AT = 14,
  STATION_PAIR_FROM_AT = 16,
  STATION_PAIR_TO_AT = 18,
  STATION_PAIR_ORDER_AT = 20;
export const STATION_PAIR_NO_PORT = 0xffff;
/** How: into the endpoint behind that end of a veth pair; out of the parent; up its stack; out of the parent with the source MAC that the value says. */
export const PAIR_TO_ENDPOINT = 1,
  PAIR_TO_PARENT = 2,
  PAIR_TO_HOST = 3,
  PAIR_TO_PARENT_AS = 4;
