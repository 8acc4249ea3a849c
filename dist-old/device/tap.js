/** TAP devices with the virtio-net header and every segmentation offload that the kernel has. */
import { closeSync } from "node:fs";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { IFF_MULTI_QUEUE, IFF_TUN_EXCL, OFFLOAD_TCP, OFFLOAD_TCP_UDP, OFFLOAD_TUNNELS, TAP_FLAGS } from "../sys/if-tun.js";
import { native, systemError } from "../sys/native.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import { HEADER_SIZE as TUNNEL_HEADER_SIZE } from "../wire/vnet-tunnel.js";
/**
 * Opens a new device, or an existing one. Throws TSP_ERR_DEVICE for a name in use, or a device that another process holds; TSP_ERR_SYSCALL: EPERM,
 * ENOENT without /dev/net/tun.
 */
export function openTap(options) {
    const queues = options.queues ?? 1;
    const flags = TAP_FLAGS | (queues > 1 || options.existing?.multiQueue ? IFF_MULTI_QUEUE : 0);
    const fds = [];
    const close = async () => {
        if (fds.length > 0)
            await native.closeApart(Int32Array.from(fds.splice(0)));
    };
    try {
        let { name } = options;
        let uso = true;
        let tunnelGso = options.tunnels === true;
        for (let queue = 0; queue < queues; queue++) {
            // Only the first may make the device; it must not be somebody else's.
            const make = queue === 0 && options.existing === undefined;
            const former = options.kept?.[queue];
            const [fd, made] = former === undefined
                ? native.openTap(name, make ? flags | IFF_TUN_EXCL : flags, options.nsFd ?? -1)
                : [former, native.tapName(former)];
            fds.push(fd);
            name = made;
            native.tapVnetHdrSize(fd, options.tunnels === true ? TUNNEL_HEADER_SIZE : HEADER_SIZE);
            tunnelGso &&= native.tapOffload(fd, OFFLOAD_TUNNELS) === 0;
            if (tunnelGso)
                continue;
            uso = native.tapOffload(fd, OFFLOAD_TCP_UDP) === 0;
            const result = uso ? 0 : native.tapOffload(fd, OFFLOAD_TCP);
            if (result < 0)
                throw systemError("ioctl(TUNSETOFFLOAD)", result);
        }
        if (!uso)
            log.info(`${name}: the kernel has no UDP segmentation offload`);
        return { fds, name, uso, tunnelGso, close };
    }
    catch (error) {
        for (const fd of fds)
            closeSync(fd);
        throw busy(options, error);
    }
}
/** TUNSETIFF fails with EBUSY for a name that is in use, and for a device whose queues are all held (drivers/net/tun.c). */
function busy({ name, existing }, error) {
    if (!(error instanceof TsproxyError) || error.kind !== "conflict")
        return error;
    if (existing === undefined) {
        const hint = `choose another name, or remove it: 'ip link delete ${name}'`;
        return new TsproxyError("TSP_ERR_DEVICE", "conflict", `there is a network device '${name}' already`, hint, error);
    }
    return new TsproxyError("TSP_ERR_DEVICE", "conflict", `network device '${name}' is held by another process`, "is another tsproxy running?", error);
}
//# sourceMappingURL=tap.js.map