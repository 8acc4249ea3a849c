/** linux/if_tun.h: how every TAP of ours is made, and what the kernel may put into its frames. */
/** Flags of TUNSETIFF: layer 2, no protocol header of the kernel's, but a virtio-net header (`wire/vnet.ts`). */
export declare const TAP_FLAGS: number;
/** Flags to add: several queues; fail where the device is there already. */
export declare const IFF_MULTI_QUEUE = 256, IFF_TUN_EXCL = 32768;
/** Bits of TUNSETOFFLOAD for segmentation offload: of TCP; of TCP and UDP (Linux 6.2). */
export declare const OFFLOAD_TCP: number, OFFLOAD_TCP_UDP: number, 
/** The same of what is inside UDP tunnels, with or without a checksum outside (Linux 6.17). */
OFFLOAD_TUNNELS: number;
