/** linux/if_tun.h: how every TAP of ours is made, and what the kernel may put into its frames. */
const IFF_TAP = 0x2, IFF_NO_PI = 0x1000, IFF_VNET_HDR = 0x4000;
/** Flags of TUNSETIFF: layer 2, no protocol header of the kernel's, but a virtio-net header (`wire/vnet.ts`). */
export const TAP_FLAGS = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
/** Flags to add: several queues; fail where the device is there already. */
export const IFF_MULTI_QUEUE = 0x100, IFF_TUN_EXCL = 0x8000;
const TUN_F_CSUM = 0x01, TUN_F_TSO4 = 0x02, TUN_F_TSO6 = 0x04, TUN_F_TSO_ECN = 0x08, TUN_F_USO4 = 0x20, TUN_F_USO6 = 0x40, TUN_F_UDP_TUNNEL_GSO = 0x80, TUN_F_UDP_TUNNEL_GSO_CSUM = 0x100;
/** Bits of TUNSETOFFLOAD for segmentation offload: of TCP; of TCP and UDP (Linux 6.2). */
export const OFFLOAD_TCP = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN, OFFLOAD_TCP_UDP = OFFLOAD_TCP | TUN_F_USO4 | TUN_F_USO6, 
/** The same of what is inside UDP tunnels, with or without a checksum outside (Linux 6.17). */
OFFLOAD_TUNNELS = OFFLOAD_TCP_UDP | TUN_F_UDP_TUNNEL_GSO | TUN_F_UDP_TUNNEL_GSO_CSUM;
//# sourceMappingURL=if-tun.js.map