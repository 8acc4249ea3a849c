/** Devices by how packets lie in their buffers, as far as the programs know that. */
import type { LinkLayer } from "./program.js";

/** ARPHRD_* of linux/if_arp.h, without those whose link layer the programs do not know. */
const LINK_LAYERS = new Map<number, LinkLayer>([
  [1, "ethernet"],
  [772, "loopback"],
  [512, "ip"], // PPP
  [519, "ip"], // RAWIP
  [768, "ip"], // TUNNEL, ipip
  [776, "ip"], // SIT
  [778, "ip"], // IPGRE
  [0xfffe, "ip"], // NONE: tun, wireguard
]);

/** Whether steering can work on devices of this type (ARPHRD_*, `/sys/class/net/NAME/type`). */
export function isSteerable(arphrdType: number): boolean {
  return LINK_LAYERS.has(arphrdType);
}

/** Undefined for a type that steering does not work on. */
export function linkLayerOf(arphrdType: number): LinkLayer | undefined {
  return LINK_LAYERS.get(arphrdType);
}
