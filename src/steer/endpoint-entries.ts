/** What the maps of `endpoint-programs.ts` and `past-bridge-program.ts` have of endpoints on veth pairs, as bytes. */
import { type IpAddress, toBytes } from "../wire/ip-address.js";
import {
  GUARD_CARRIED_AT,
  GUARD_GATEWAY_AT,
  GUARD_IPV4_AT,
  GUARD_IPV6_AT,
  GUARD_MAC_AT,
  GUARD_NETWORK_AT,
  GUARD_PORT_AT,
} from "./endpoint-programs.js";
import { PEER_HEADER_AT, PEER_NUMBER_AT, PEER_PORT_AT, PEER_UNTIL_AT, PEER_VALUE_SIZE } from "./past-bridge-program.js";

/** Of a peer that somebody looks after: it is taken out when it is no more. */
const FOR_EVER = 0xffff_ffff;
const ETHERTYPES = { 4: [0x08, 0x00], 6: [0x86, 0xdd] } as const;

/** An endpoint whose packets may be carried. */
export interface CarriedEndpoint {
  /** Interface index of the pair's end in the host's namespace. */
  end: number;
  /** The engine's number. */
  port: number;
  mac: Uint8Array;
  addresses: readonly IpAddress[];
}

/** The host's device in a network: by its interface index the host's routing sends to the network's addresses. */
export interface HostEnd {
  ifindex: number;
  mac: Uint8Array;
  /** The engine's number. */
  port: number;
}

/** Of a network that the host has no device in. */
export const NOBODY: HostEnd = { ifindex: 0, mac: new Uint8Array(6), port: 0 };

/** The value of `guard` with what is known of the endpoint. */
export function withEndpoint(
  guard: Uint8Array,
  network: number,
  { port, mac, addresses }: CarriedEndpoint,
  host: HostEnd,
  carried: boolean,
): Uint8Array {
  const value = guard.slice();
  const view = new DataView(value.buffer);
  view.setUint32(GUARD_PORT_AT, port, true);
  view.setUint32(GUARD_NETWORK_AT, network, true);
  value.set(mac, GUARD_MAC_AT);
  view.setUint16(GUARD_CARRIED_AT, carried ? 1 : 0, true);
  value.set(host.mac, GUARD_GATEWAY_AT);
  for (const address of addresses) value.set(toBytes(address), address.family === 4 ? GUARD_IPV4_AT : GUARD_IPV6_AT);
  return value;
}

/** Of the maps `peers` and `peers6`. */
export function peerKey({ ifindex }: HostEnd, address: IpAddress): Uint8Array {
  return Buffer.concat([word(ifindex), toBytes(address)]);
}

export function peerValue({ end, port, mac }: CarriedEndpoint, host: HostEnd, { family }: IpAddress): Uint8Array {
  const value = new Uint8Array(PEER_VALUE_SIZE);
  const view = new DataView(value.buffer);
  view.setUint32(PEER_PORT_AT, end, true);
  value.set([...mac, ...host.mac, ...ETHERTYPES[family]], PEER_HEADER_AT);
  view.setUint32(PEER_UNTIL_AT, FOR_EVER, true);
  view.setUint32(PEER_NUMBER_AT, port, true);
  return value;
}

/** An integer as maps have it. */
export function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
