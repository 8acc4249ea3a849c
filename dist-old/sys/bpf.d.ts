/** enum bpf_map_type. */
export declare const MAP_HASH = 1, MAP_ARRAY = 2, MAP_PROG_ARRAY = 3, MAP_PERCPU_ARRAY = 6, MAP_LRU_HASH = 9, MAP_LPM_TRIE = 11, MAP_RINGBUF = 27;
/** Hash elements are allocated when they are added, not all at creation. */
export declare const F_NO_PREALLOC = 1;
/** enum bpf_prog_type, enum bpf_attach_type. */
export declare const PROG_TYPE_SOCKET_FILTER = 1;
export interface MapSpec {
    type: number;
    name: string;
    /** Bytes; so is `valueSize`. */
    keySize: number;
    valueSize: number;
    maxEntries: number;
    flags?: number;
}
/** File descriptor of a new map. */
export declare function createMap(spec: MapSpec): number;
/** Copies the element at `key` into `value` (a per-CPU map: one 8-byte-aligned value for each possible CPU). False when missing. */
export declare function lookupElement(mapFd: number, key: Uint8Array, value: Uint8Array): boolean;
/** Adds or replaces one element. */
export declare function updateElement(mapFd: number, key: Uint8Array, value: Uint8Array): void;
/** Deletes one element; it need not be there. */
export declare function deleteElement(mapFd: number, key: Uint8Array): void;
/** Adds or replaces `count` elements that lie one after another in `keys` and `values`. When it throws, a part may be written. */
export declare function updateBatch(mapFd: number, keys: Uint8Array, values: Uint8Array, count: number): void;
/** As `lookupElement`: 0, or -errno (-ENOENT: missing). */
export declare function getElement(mapFd: number, key: Uint8Array, value: Uint8Array): number;
/** As `updateBatch`: 0, or -errno. */
export declare function putBatch(mapFd: number, keys: Uint8Array, values: Uint8Array, count: number): number;
/**
 * Deletes `count` elements whose keys of `keySize` bytes lie one after another in `keys`; missing ones do not matter.
 * Answers how many were there, or -errno.
 */
export declare function deleteBatch(mapFd: number, keys: Uint8Array, keySize: number, count: number): number;
/** Loads a program, a tc one unless said otherwise; file descriptor. `code`: 8-byte instructions. */
export declare function loadProgram(name: string, code: Uint8Array, type?: number): number;
/**
 * Attaches a program to a device by a TCX link (Linux 6.6), which lives as long as the descriptor that this returns.
 * Null when the kernel has no TCX.
 */
export declare function createTcxLink(progFd: number, ifindex: number, direction?: "ingress" | "egress"): number | null;
/** Whether the kernel has TCX: it then looks for the device, and no device has this index. */
export declare function hasTcx(progFd: number): boolean;
/** CPUs that per-CPU maps hold a value for: all that could ever be plugged in. */
export declare function possibleCpus(): number;
