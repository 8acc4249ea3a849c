/** Frames through TAP descriptors, and out of a ring buffer of BPF, by the addon (`native/io.c`). */
import { HEAD_SIZE, HEADROOM, TAIL_SIZE } from "../mem/packet-memory.js";
import { native } from "../sys/native.js";
import { DESCRIPTOR, TX_MAX } from "./packet-io.js";
export class NativeIo {
    /** `wakeFd`: an eventfd; a signal on it ends a waiting `receive`. */
    constructor(memory, wakeFd) {
        this.tx = new Int32Array(TX_MAX * DESCRIPTOR);
        this.clock = new Int32Array(16);
        this.rx = new Int32Array(memory.slots * DESCRIPTOR);
        this.handle = native.ioCreate(memory.bytes, memory.slots, HEADROOM, HEAD_SIZE, TAIL_SIZE, this.rx, this.tx, this.clock, wakeFd);
    }
    receive(spinNs, timeoutMs) {
        return native.ioReceive(this.handle, spinNs, timeoutMs);
    }
    transmit(count) {
        return native.ioTransmit(this.handle, count);
    }
    addPort(port, fd) {
        native.ioAddPort(this.handle, port, fd);
    }
    addRing(port, fd, size) {
        native.ioAddRing(this.handle, port, fd, size);
    }
    removePort(port) {
        native.ioRemovePort(this.handle, port);
    }
    /** Counts in `clock[2]` when `fd` gets something to read. */
    watch(fd) {
        native.ioWatch(this.handle, fd);
    }
}
//# sourceMappingURL=native-io.js.map