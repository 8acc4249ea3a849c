import { TsproxyError } from "../errors.js";
import { MAX_PORTS } from "../table/ports.js";
export class PortNumbers {
    constructor() {
        this.taken = new Map();
    }
    /** The lowest number that no other port has. `onGone`: its device ended by itself. Throws TSP_ERR_ENDPOINT (unavailable) when all are taken. */
    take(info, onGone) {
        let port = 0;
        while (this.taken.has(port))
            port++;
        if (port >= MAX_PORTS)
            throw new TsproxyError("TSP_ERR_ENDPOINT", "unavailable", `there are ${MAX_PORTS} devices already`, "remove an endpoint or a network");
        this.taken.set(port, { info: { port, ...info }, onGone });
        return port;
    }
    /** The number may be taken again. */
    give(port) {
        this.taken.delete(port);
    }
    info(port) {
        return this.taken.get(port)?.info;
    }
    all() {
        return [...this.taken.values()].map(({ info }) => info);
    }
    /** Tells who asked to hear of the port's end; false: nobody did. */
    onGone(port) {
        const tell = this.taken.get(port)?.onGone;
        tell?.();
        return tell !== undefined;
    }
}
//# sourceMappingURL=port-numbers.js.map