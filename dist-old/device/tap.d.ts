export interface TapOptions {
    /** Device name; may hold `%d` for the first free number. */
    name: string;
    /** Descriptor of the namespace to make it in; default: the caller's. */
    nsFd?: number;
    /** Descriptors that share the device, each with a queue; default 1. */
    queues?: number;
    /** Descriptors of the device, one a queue, which a former process left: they are used instead. */
    kept?: readonly number[] | undefined;
    /** Attach to this persistent device of an earlier process instead of making one; `multiQueue` as it was made. */
    existing?: {
        multiQueue: boolean;
    } | undefined;
    /** Its frames are tunnels' packets: they have the longer virtio-net header (`wire/vnet-tunnel.ts`). */
    tunnels?: boolean;
}
export interface Tap {
    /** One descriptor a queue. */
    readonly fds: readonly number[];
    readonly name: string;
    /** UDP segmentation offload (Linux 6.2). */
    readonly uso: boolean;
    /** Segmentation offload of what is inside UDP tunnels (Linux 6.17), where it was asked for. */
    readonly tunnelGso: boolean;
    /** Closes the descriptors; the device goes with the last. What is closed at once does not wait for each other. */
    close(): Promise<void>;
}
/**
 * Opens a new device, or an existing one. Throws TSP_ERR_DEVICE for a name in use, or a device that another process holds; TSP_ERR_SYSCALL: EPERM,
 * ENOENT without /dev/net/tun.
 */
export declare function openTap(options: TapOptions): Tap;
