/**
 * A worker's flows as a file that outlives the process, for the next one to go on with (`dataplane/adopt.ts`). The file is the memory of the
 * tables, mapped: nothing is written twice, and what a SIGKILL leaves is the state of the last packet.
 *
 * Layout, in the machine's byte order, which is little-endian wherever this runs: a page of header; kind, addresses and owner of each port
 * (`ports.ts`), by which a row's port numbers are known again; `device` of each row (`conntrack.ts`); from the next page on the rows; from the next
 * on the words of IPv6 addresses (`addresses.ts`), which rows and ports name by handles.
 * The rest of the tables, hash slots, lists and port mappings, is made anew from the rows.
 *
 * Whoever reads a file trusts none of it. The header has a checksum, and says which boot, network namespace and layout it is of. A
 * row may be torn, since the process may have died while it wrote one: the checksum deltas that it carries tell
 * whether its addresses and ports belong together.
 */
import { type AddressMemory, addressCapacity } from "./addresses.js";
import { ROW_SHIFT } from "./flow-row.js";
import { MAX_PORTS } from "./ports.js";

/** "tsfl". */
const MAGIC = 0x6c667374;
/** Of this layout, of `flow-row.ts` and of the states there; another one is refused. */
const VERSION = 6;
const PAGE = 4096;
/** Words of the header. */
// biome-ignore format: a table
const MAGIC_AT = 0, VERSION_AT = 1, CHECKSUM_AT = 2, CAPACITY_AT = 3, WORKER_AT = 4, WORKERS_AT = 5, ROLE_AT = 6, BOOT_AT = 7, BOOT_WORDS = 4,
  NETNS_AT = BOOT_AT + BOOT_WORDS, COOKIE_AT = NETNS_AT + 2, TIMEOUTS_AT = COOKIE_AT + 2, HEADER_WORDS = 128;
const MAX_STATES = HEADER_WORDS - TIMEOUTS_AT - 1;
const KIND_AT = PAGE,
  ADDRESS_AT = KIND_AT + MAX_PORTS,
  ADDRESS6_AT = ADDRESS_AT + 4 * MAX_PORTS,
  OWNER_AT = ADDRESS6_AT + 4 * MAX_PORTS,
  DEVICE_AT = OWNER_AT + 4 * MAX_PORTS;
const MAX_CAPACITY = 1 << 20;
const WORD = 2 ** 32;

/** Whose flows they are. */
export interface FlowFileOwner {
  /** Which kind of instance: only one of the same kind goes on with them. */
  role: number;
  /** Four words that each boot of the machine has others of. */
  boot: Int32Array;
  /** Inode of the network namespace. The next one that is made may have it when this one has ended. */
  netns: number;
  /** Number of the network namespace that no other one of this boot has (SO_NETNS_COOKIE); 0: the kernel does not say (before Linux 5.14). */
  cookie: number;
}

/** What the tables need of memory that outlives them. */
export interface FlowMemory {
  rows: Int32Array;
  device: Int32Array;
  portKind: Uint8Array;
  portAddress: Int32Array;
  portAddress6: Int32Array;
  portOwner: Int32Array;
  /** How many rows there is room for now, once there is room for `count`; less than that: there is none. */
  reserve(count: number): number;
  addresses: AddressMemory;
}

export function flowFileSize(capacity: number): number {
  return addressesAt(capacity) + addressBytes(addressCapacity(capacity) + 1);
}

/** Where the words of IPv6 addresses begin. */
export function addressesAt(capacity: number): number {
  return Math.ceil((rowsAt(capacity) + rowBytes(capacity)) / PAGE) * PAGE;
}

export function addressBytes(count: number): number {
  return count * 16;
}

/** Where the rows begin; what comes before must be there from the start. */
export function rowsAt(capacity: number): number {
  return Math.ceil((DEVICE_AT + 4 * capacity) / PAGE) * PAGE;
}

export function rowBytes(count: number): number {
  return count * (4 << ROW_SHIFT);
}

export class FlowFile {
  readonly rows: Int32Array;
  readonly device: Int32Array;
  readonly portKind: Uint8Array;
  readonly portAddress: Int32Array;
  readonly portAddress6: Int32Array;
  readonly portOwner: Int32Array;
  /** Of IPv6 addresses, four a row. */
  readonly addressWords: Int32Array;
  private readonly header: Int32Array;

  /** `buffer`: flowFileSize(capacity) bytes. */
  constructor(
    buffer: ArrayBuffer,
    readonly capacity: number,
  ) {
    this.header = new Int32Array(buffer, 0, HEADER_WORDS);
    this.portKind = new Uint8Array(buffer, KIND_AT, MAX_PORTS);
    this.portAddress = new Int32Array(buffer, ADDRESS_AT, MAX_PORTS);
    this.portAddress6 = new Int32Array(buffer, ADDRESS6_AT, MAX_PORTS);
    this.portOwner = new Int32Array(buffer, OWNER_AT, MAX_PORTS);
    this.device = new Int32Array(buffer, DEVICE_AT, capacity);
    this.rows = new Int32Array(buffer, rowsAt(capacity), capacity << ROW_SHIFT);
    this.addressWords = new Int32Array(buffer, addressesAt(capacity), (addressCapacity(capacity) + 1) * 4);
  }

  /** What the tables need of it. `reserve`: as in `FlowMemory`; `reserveAddresses`: the same of IPv6 addresses. */
  memory(reserve: FlowMemory["reserve"], reserveAddresses: AddressMemory["reserve"]): FlowMemory {
    const { rows, device, portKind, portAddress, portAddress6, portOwner, addressWords: words } = this;
    return { rows, device, portKind, portAddress, portAddress6, portOwner, reserve, addresses: { words, reserve: reserveAddresses } };
  }

  get worker(): number {
    return this.header[WORKER_AT]!;
  }

  get workers(): number {
    return this.header[WORKERS_AT]!;
  }

  /** Seconds by state. */
  get timeouts(): Int32Array {
    return this.header.subarray(TIMEOUTS_AT + 1, TIMEOUTS_AT + 1 + this.header[TIMEOUTS_AT]!);
  }

  /** Makes the file one that `read` takes. */
  begin(owner: FlowFileOwner, worker: number, workers: number, timeouts: Int32Array): void {
    const { header } = this;
    if (timeouts.length > MAX_STATES) throw new RangeError(`${timeouts.length} states do not fit into the header`);
    header.fill(0);
    header[VERSION_AT] = VERSION;
    header[CAPACITY_AT] = this.capacity;
    header[WORKER_AT] = worker;
    header[WORKERS_AT] = workers;
    writeOwner(header, owner);
    header[TIMEOUTS_AT] = timeouts.length;
    header.set(timeouts, TIMEOUTS_AT + 1);
    header[CHECKSUM_AT] = checksum(header);
    header[MAGIC_AT] = MAGIC; // last: until then it is no file of ours
  }
}

/**
 * Whether the first page, or more, of a file is that of a file of this boot and network namespace that can be read; else why not. `netns`: of which other
 * one it is; null: of one that has ended.
 */
export type HeaderVerdict =
  | { capacity: number; role: number; sameHost: true }
  | { netns: number | null; sameHost: false }
  | { refused: "it is none" | "another version" | "damaged" | "of an earlier boot" };

export function checkHeader(page: Int32Array, owner: Omit<FlowFileOwner, "role">): HeaderVerdict {
  if (page.length < HEADER_WORDS || page[MAGIC_AT] !== MAGIC) return { refused: "it is none" };
  if (page[VERSION_AT] !== VERSION) return { refused: "another version" };
  const capacity = page[CAPACITY_AT]!;
  const states = page[TIMEOUTS_AT]!;
  const [worker, workers] = [page[WORKER_AT]!, page[WORKERS_AT]!];
  const sane = capacity >= 1 && capacity <= MAX_CAPACITY && states >= 0 && states <= MAX_STATES && worker >= 0 && worker < workers;
  if (page[CHECKSUM_AT] !== checksum(page) || !sane) return { refused: "damaged" };
  const expected = page.slice(0, HEADER_WORDS);
  writeOwner(expected, { ...owner, role: page[ROLE_AT]! });
  const differs = (at: number, words: number): boolean => expected.subarray(at, at + words).some((word, i) => word !== page[at + i]);
  if (differs(BOOT_AT, BOOT_WORDS)) return { refused: "of an earlier boot" };
  if (differs(NETNS_AT, 2)) return { netns: (page[NETNS_AT]! >>> 0) + page[NETNS_AT + 1]! * WORD, sameHost: false };
  if (differs(COOKIE_AT, 2)) return { netns: null, sameHost: false }; // its inode is ours now
  return { capacity, role: page[ROLE_AT]!, sameHost: true };
}

/** Words of the header that `checkHeader` looks at, in bytes. */
export const HEADER_BYTES = HEADER_WORDS * 4;

function writeOwner(header: Int32Array, { role, boot, netns, cookie }: FlowFileOwner): void {
  header[ROLE_AT] = role;
  header.set(boot.subarray(0, BOOT_WORDS), BOOT_AT);
  header.set([netns | 0, Math.floor(netns / WORD), cookie | 0, Math.floor(cookie / WORD)], NETNS_AT);
}

/** FNV-1a over words, of all but magic and checksum. */
function checksum(header: Int32Array): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < HEADER_WORDS; i++) if (i !== MAGIC_AT && i !== CHECKSUM_AT) hash = Math.imul(hash ^ header[i]!, 0x01000193);
  return hash;
}
