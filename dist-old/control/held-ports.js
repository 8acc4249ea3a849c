/** The sockets that hold published ports: bound, so that no other program can have the ports, with the filter that passes what comes to the workers. */
import { closeSync } from "node:fs";
import { TsproxyError } from "../errors.js";
import { errnoName, native, systemError } from "../sys/native.js";
import { bindError } from "../sys/port-owner.js";
import { formatIp, toBytes } from "../wire/ip-address.js";
import { PROTOCOLS } from "../wire/ipv4.js";
import { formatMapping } from "./mapping.js";
/** Lets nothing through to the socket but to the filter. It is neither kept nor closed: the port is its owner's. */
export function takeOver(spec, fd, filterFd) {
    const errno = native.setFilter(fd, filterFd);
    if (errno !== 0)
        throw systemError(`putting a filter on the socket of ${formatMapping(spec)}`, errno);
    return { firstPort: spec.hostPort, fds: [] };
}
/** Binds every host port of the mapping, so that no other program can. Throws TSP_ERR_PORT_TAKEN and the like with none held. */
export function holdPorts(spec, zone, filterFd) {
    const proto = PROTOCOLS[spec.proto];
    const fds = [];
    for (let port = spec.hostPort; port <= spec.hostPortEnd; port++) {
        const fd = native.holdPort(proto, toBytes(spec.hostIp), port, filterFd, zone);
        if (fd >= 0) {
            fds.push(fd);
            if (spec.hostPort === 0)
                return { firstPort: native.localPort(fd), fds };
            if (spec.pickFromRange)
                return { firstPort: port, fds };
            continue;
        }
        const errno = errnoName(fd);
        if (spec.pickFromRange && errno === "EADDRINUSE" && port < spec.hostPortEnd)
            continue;
        for (const open of fds)
            closeSync(open);
        if (errno === "EMFILE")
            throw new TsproxyError("TSP_ERR_PORT_BIND", "unavailable", `cannot hold ${spec.hostPortEnd - spec.hostPort + 1} ports: too many open files`, "raise 'ulimit -n'");
        if (spec.pickFromRange && errno === "EADDRINUSE")
            throw new TsproxyError("TSP_ERR_PORT_TAKEN", "conflict", `every host port of ${formatIp(spec.hostIp)}:${spec.hostPort}-${spec.hostPortEnd}/${spec.proto} is taken`, "publish another range");
        throw bindError(spec.proto, spec.hostIp, port, errno);
    }
    return { firstPort: spec.hostPort, fds };
}
//# sourceMappingURL=held-ports.js.map