/** Frames through queues in memory: what tests and in-memory benchmarks put in, and what the engine sent. */
import { HEAD_SIZE, headAt, inHead, TAIL_SIZE } from "../mem/packet-memory.js";
import { DESCRIPTOR, TX_MAX } from "./packet-io.js";
const EIO = 5;
export class MemoryIo {
    constructor(memory) {
        this.memory = memory;
        this.tx = new Int32Array(TX_MAX * DESCRIPTOR);
        this.clock = new Int32Array(16);
        /** All that was sent, in order. */
        this.sent = [];
        this.waiting = [];
        this.ports = new Set();
        this.rx = new Int32Array(memory.slots * DESCRIPTOR);
    }
    /** Queues a frame, virtio-net header first, as if it came in at `port`; `device`: as of a frame of the ring. */
    put(port, bytes, device = 0) {
        this.waiting.push({ port, bytes, device });
    }
    /** Frames put in and not yet received. */
    get pending() {
        return this.waiting.length;
    }
    receive(_spinNs, _timeoutMs) {
        let n = 0;
        let tail = 0;
        while (n < this.memory.slots) {
            const next = this.waiting.shift();
            if (next === undefined)
                break;
            if (!this.ports.has(next.port))
                continue;
            this.memory.bytes.set(next.bytes.subarray(0, HEAD_SIZE), headAt(n));
            const d = n * DESCRIPTOR;
            this.rx[d] = next.port;
            this.rx[d + 1] = Math.min(next.bytes.length, HEAD_SIZE + TAIL_SIZE);
            this.rx[d + 2] = -1;
            this.rx[d + 3] = next.device;
            if (next.bytes.length > HEAD_SIZE) {
                this.memory.bytes.set(next.bytes.subarray(HEAD_SIZE, HEAD_SIZE + TAIL_SIZE), this.memory.tailAt(tail));
                this.rx[d + 2] = tail++;
            }
            n++;
        }
        return n;
    }
    transmit(count) {
        let failed = 0;
        for (let k = 0; k < count; k++) {
            const d = k * DESCRIPTOR;
            const port = this.tx[d];
            const len = this.tx[d + 1];
            if (!this.ports.has(port)) {
                this.tx[d + 1] = -EIO;
                failed++;
                continue;
            }
            const bytes = new Uint8Array(len);
            const head = this.tx[d + 2];
            const first = Math.min(len, inHead(head));
            bytes.set(this.memory.bytes.subarray(head, head + first));
            if (len > first) {
                const tail = this.memory.tailAt(this.tx[d + 3]);
                bytes.set(this.memory.bytes.subarray(tail, tail + len - first), first);
            }
            this.sent.push({ port, bytes });
        }
        return failed;
    }
    addPort(port) {
        this.ports.add(port);
    }
    addRing(port) {
        this.addPort(port);
    }
    removePort(port) {
        this.ports.delete(port);
    }
}
//# sourceMappingURL=memory-io.js.map