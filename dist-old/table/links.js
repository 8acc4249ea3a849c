/**
 * What endpoints may send each other in a network whose endpoints otherwise reach the gateway alone: a client's packets to ports of a server, and the
 * answers. Addresses are words (`wire/address-word.ts`), ports in host order. Written by the control side; read on the packet path.
 */
import { PairMap } from "./pair-map.js";
export class Links {
    /** `seed`: int32, random per process. */
    constructor(seed) {
        /** Of each row: protocol, first and last port, one range behind the other. Empty: the row is free. */
        this.ports = [];
        this.pairs = new PairMap(seed);
    }
    /** Adds or replaces what the client may reach of the server. */
    set(client, server, ports) {
        this.delete(client, server);
        const free = this.ports.findIndex(({ length }) => length === 0);
        const row = free === -1 ? this.ports.length : free;
        this.ports[row] = Int32Array.from(ports.flatMap(({ proto, first, last }) => [proto, first, last]));
        if (ports.length > 0)
            this.pairs.set(client, server, row);
    }
    /** False when there was nothing. */
    delete(client, server) {
        const row = this.pairs.get(client, server);
        if (row === -1)
            return false;
        this.ports[row] = new Int32Array(0);
        this.pairs.delete(client, server);
        return true;
    }
    /** Whether the client may send to that port of the server. */
    has(client, server, proto, port) {
        const row = this.pairs.get(client, server);
        if (row === -1)
            return false;
        const ports = this.ports[row];
        for (let i = 0; i < ports.length; i += 3)
            if (ports[i] === proto && port >= ports[i + 1] && port <= ports[i + 2])
                return true;
        return false;
    }
    /** Whether one of the two is the other's client. */
    join(a, b) {
        return this.pairs.get(a, b) !== -1 || this.pairs.get(b, a) !== -1;
    }
}
//# sourceMappingURL=links.js.map