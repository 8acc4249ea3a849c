/**
 * Entries of the steering's map `lan_pairs`: how frames from one station of a LAN to another are carried (`steer/lan-carry-programs.ts`).
 *
 * Key, 16 bytes: first two bytes of the destination's MAC, of the source's, the other four of the destination's, of the source's, u32 number of the LAN's network
 * in the engine. Value, 20 bytes: u32 how, u32 interface index, source MAC that it gets, u16 VLAN that it gets (0: none), u16 numbers of the engine's
 * ports of the endpoints that it is from and for (LAN_PAIR_NO_PORT: of none). Numbers are little-endian words as the programs load them.
 */
export const LAN_PAIR_KEY_SIZE = 16,
  LAN_PAIR_VALUE_SIZE = 20,
  LAN_PAIR_HOW_AT = 0,
  LAN_PAIR_DEVICE_AT = 4,
  LAN_PAIR_MAC_AT = 8,
  LAN_PAIR_VLAN_AT = 14,
  LAN_PAIR_FROM_AT = 16,
  LAN_PAIR_TO_AT = 18;
export const LAN_PAIR_NO_PORT = 0xffff;
/** Into the endpoint behind that end of a veth pair; out of the parent; up its stack; out of the parent with the source MAC that the value says. */
export const LAN_TO_ENDPOINT = 1,
  LAN_TO_PARENT = 2,
  LAN_TO_HOST = 3,
  LAN_TO_PARENT_AS = 4;
