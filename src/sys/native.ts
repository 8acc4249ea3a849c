/**
 * The typed face of the addon in `native/`, and the only code that loads its `.node` file.
 * Set-up calls throw a `TsproxyError`; calls that say so return a count or `-errno`.
 */
import { createRequire } from "node:module";
import os from "node:os";
import { TsproxyError } from "../errors.js";
import { addonFile, BUILD_COMMAND, platformName } from "./native-files.js";

/** Opaque handle of a batched input/output context (`native/io.c`). */
export type IoHandle = { readonly __io: unique symbol };

/** Keys over packet memory (`native/seal.c`). */
export type SealHandle = { readonly __seal: unique symbol };

/** A descriptor that is watched in Node's event loop (`native/udp.c`). */
export type WatchHandle = { readonly __watch: unique symbol };

/** Calls that are being made (`native/calls.c`). */
export type CallsHandle = { readonly __calls: unique symbol };

export interface Native {
  /** Opens /dev/net/tun in namespace `nsFd` (-1: the caller's) and makes or attaches device `name` (may hold `%d`); `flags`: IFF_*. */
  openTap(name: string, flags: number, nsFd: number): [fd: number, name: string];
  /** TUNSETOFFLOAD with TUN_F_* bits; 0 or -errno, -EINVAL when the kernel does not know a bit. */
  tapOffload(fd: number, bits: number): number;
  tapVnetHdrSize(fd: number, bytes: number): void;
  /** Whether the device outlives its last descriptor. */
  tapPersist(fd: number, on: 0 | 1): void;
  tapSteering(fd: number, progFd: number): void;
  /** Closes descriptors in a thread of their own; resolves when that is done. For devices, whose end takes the kernel 10 to 20 ms. */
  closeApart(fds: Int32Array): Promise<void>;
  /**
   * Makes room for so many descriptors, or as many as the process may have, in a thread of its own: else who opens one too many waits for a grace period of RCU.
   * Resolves to 0 or -errno.
   */
  descriptorRoom(count: number): Promise<number>;
  /** Begins to make calls of bpf(2) one after another, in a thread of its own. `attrs`: theirs, without pointers, each of `attrSize` bytes. */
  callsStart(cmd: number, attrSize: number, attrs: Uint8Array): CallsHandle;
  /** Waits for them: descriptors or -errno, in the same order. To be called once; of who does not, descriptors are closed. */
  callsTake(handle: CallsHandle): Int32Array;
  socket(domain: number, type: number, protocol: number, nsFd: number): number;
  /**
   * A socket of `type` (SOCK_*: 1 stream, which listens, 2 datagram) in namespace `nsFd` (-1: the caller's) bound to an IPv4 address in text; fd or
   * -errno.
   */
  bindIn(nsFd: number, type: number, address: string, port: number): number;
  /** Bound netlink socket in namespace `nsFd` (-1: the caller's); `groups`: mask of multicast groups, 0 for requests only; `protocol`: NETLINK_*. */
  openNetlink(groups: number, nsFd: number, protocol: number): number;
  /** Bytes sent, or -errno. */
  send(fd: number, bytes: Uint8Array): number;
  /** Length received (with MSG_TRUNC 0x20 the whole message's), or -errno. MSG_DONTWAIT is 0x40, MSG_PEEK 2. */
  recv(fd: number, bytes: Uint8Array, flags: number): number;
  /**
   * Binds `port` (0: a free one) on `address` (4 or 16 bytes as in a packet; all zero: any of the family, IPv6 for IPv6 alone) so that no other
   * program can; fd or -errno. `protocol`: 6 or 17. `zone`: interface index that a link-local address belongs to, else 0.
   * What comes in goes to the socket filter `progFd`, or is dropped (-1).
   */
  holdPort(protocol: number, address: Uint8Array, port: number, progFd: number, zone: number): number;
  /** Writes a file as namespace `nsFd` (-1: the caller's) has it, under /proc/sys/net; 0 or -errno. */
  writeIn(path: string, text: string, nsFd: number): number;
  /** The same for a socket that is there already; 0 or -errno. */
  setFilter(fd: number, progFd: number): number;
  /** Takes IPv6 datagrams without a checksum (UDP_NO_CHECK6_RX); 0 or -errno. */
  udpNoCheck6(fd: number): number;
  /** Descriptor, or -errno: the device takes frames for any MAC as long as it is open; `groups`: for those of groups alone. */
  promiscuous(ifindex: number, groups: 0 | 1): number;
  /** Lets everything in again; 0 or -errno. */
  clearFilter(fd: number): number;
  /** Reads what is there without waiting: length or -errno, and the descriptor (SCM_RIGHTS) that came with it or -1; -EINVAL for several. */
  recvFd(fd: number, bytes: Uint8Array): [length: number, fd: number];
  /** A unix socket of `type` (SOCK_*), connected to `path` ('@' first: an abstract name) or listening there; fd or -errno. */
  unixOpen(path: string, type: number, listen: 0 | 1): number;
  /** Sends a message with descriptors, at most 253; 0 or -errno. */
  sendFds(fd: number, bytes: Uint8Array, fds: Int32Array): number;
  /** Waits for a message: its length or -errno, and how many descriptors came with it, which are in `fds`. */
  recvFds(fd: number, bytes: Uint8Array, fds: Int32Array): [length: number, count: number];
  /** How long `recvFds` waits; 0 or -errno. */
  receiveTimeout(fd: number, ms: number): number;
  /** Unix sockets of `type` that are connected with each other. */
  socketPair(type: number): [number, number];
  /** Name of the TAP device behind a descriptor, in its namespace; "" for what is none. */
  tapName(fd: number): string;
  /** What an IPv4 or IPv6 socket is bound to (`protocol`: 6, 17, …); null for one that is not, and for what is no such socket. */
  /** Whether the kernel has SCTP sockets. Asking loads its module, where there is one. */
  hasSctp(): boolean;
  boundTo(fd: number): [protocol: number, port: number, address: string, both: number] | null;
  /**
   * An ICMP or ICMPv6 socket connected to an address: a raw one, else one for pings alone (icmp(7)); fd or -errno, -EINVAL for
   * what is no address. A raw one of IPv4 reads packets with their IP header, the others without.
   */
  icmpConnect(address: string): number;
  /** Asks an IPv4 host for a TCP connection that is never made; fd or -errno. */
  knock(address: string, port: number): number;
  /** What the host has said to `knock`: 1 yes, 0 nothing yet, or -errno (ECONNREFUSED). */
  knocked(fd: number): number;
  /** Port that an IPv4 or IPv6 socket is bound to, or -errno. */
  localPort(fd: number): number;
  /** Binds a UDP socket (port 0: a free one; IPv6: for IPv6 alone); fd or -errno, -EINVAL for what is no address. */
  udpBind(address: string, port: number): number;
  /** Makes `udpRecv` tell where a datagram was sent to; 0 or -errno. */
  udpTellTo(fd: number): number;
  /** Reads a datagram without waiting; `peer` (48 bytes) gets who sent it and where to. Its length, or -errno. */
  udpRecv(fd: number, bytes: Uint8Array, peer: Uint8Array): number;
  /** Sends a datagram, without waiting, to who sent the one that `peer` came with, from where that was sent to. Its length, or -errno. */
  udpSend(fd: number, bytes: Uint8Array, peer: Uint8Array): number;
  /** Calls back in Node's event loop as long as `fd` has something to read. */
  watch(fd: number, callback: () => void): WatchHandle;
  /** Ends that, once; the descriptor may then be closed. */
  unwatch(handle: WatchHandle): void;
  /** Has Node's event loop keep a descriptor in reserve, by which it ends connections that there is none for. May be called again. */
  spareDescriptor(): void;
  /** A descriptor for a process, readable once that has ended, or -errno: -ESRCH where there is none. */
  pidfdOpen(pid: number): number;
  /** 0 or -errno: -ESRCH when it has ended. Signal 0 only asks. */
  pidfdSignal(fd: number, signal: number): number;
  /** Fills it with what nobody can guess (getrandom(2)); 0 or -errno. */
  random(bytes: ArrayBufferView): number;
  /** Another uint32 for other bytes, most likely: for what was damaged, not for what somebody has made. Of a multiple of 8 bytes. */
  sum(bytes: ArrayBufferView): number;
  /** Number of a network namespace (-1: the caller's), which no other one has as long as the machine runs; 0: the kernel does not say (before Linux 5.14). */
  netnsCookie(nsFd: number): number;
  eventfd(): number;
  signalEventfd(fd: number): number;
  /** bpf(2); at each byte `offset` of `attr` the address of the following view is filled in. Result or -errno. */
  bpf(cmd: number, attr: Uint8Array, pointers: (number | ArrayBufferView)[]): number;
  /** The same in a thread of its own. Until it has answered nothing of it may be touched. */
  bpfApart(cmd: number, attr: Uint8Array, pointers: (number | ArrayBufferView)[]): Promise<number>;
  /** Asks the kernel for huge pages behind a typed array that has not been written yet; 0 or -errno, -EINVAL when it has none to give. */
  adviseHugePages(view: ArrayBufferView): number;
  /**
   * Zeros, `size` bytes of them, from the beginning of a page on; in the first 2 GiB of the address space if there is room. There an x86 instruction
   * has space for the address, and V8 writes it into each load and store of a typed array that is a constant to it.
   */
  allocate(size: number): ArrayBuffer;
  /** The first `size` bytes of a file, likewise, as memory that is shared with it. What it has no room for must not be touched. */
  mapFile(fd: number, size: number): ArrayBuffer;
  /** Makes room in a file, so that writing there cannot fail; 0 or -errno. */
  reserveFile(fd: number, offset: number, len: number): number;
  /** Locks a file for as long as the process, and its descriptor, live; 0, or -EWOULDBLOCK: another has it. */
  lockFile(fd: number): number;
  /** Gives back resident pages of code and constants, of Node.js and libraries, which come from their files again when touched; KiB or -errno. */
  forgetCode(): number;
  ioCreate(
    memory: Uint8Array,
    slots: number,
    headroom: number,
    headSize: number,
    tailSize: number,
    rx: Int32Array,
    tx: Int32Array,
    clock: Int32Array,
    wakeFd: number,
  ): IoHandle;
  ioAddPort(io: IoHandle, port: number, fd: number): void;
  /** Maps the BPF ring buffer `fd` of `size` bytes: its records are frames of `port`. One a handle. */
  ioAddRing(io: IoHandle, port: number, fd: number, size: number): void;
  ioRemovePort(io: IoHandle, port: number): void;
  /** Counts in clock[2] each time `fd` becomes readable. */
  ioWatch(io: IoHandle, fd: number): void;
  /** Frames received; see `native/io.c`. */
  ioReceive(io: IoHandle, spinNs: number, timeoutMs: number): number;
  /** Frames that could not be written. */
  ioTransmit(io: IoHandle, count: number): number;
  /** 0: this Node.js has nothing to seal with; 1: it has; 3: and the processor has instructions for AES. */
  sealSupport(): number;
  /** `work`: descriptors, int32 x 4 a message. */
  sealCreate(memory: Uint8Array, work: Int32Array): SealHandle;
  /** `cipher`: 0 AES-256-GCM, 1 ChaCha20-Poly1305; `key`: 32 bytes; `encrypts`: 1, or 0 for a key that opens. */
  sealSetKey(seal: SealHandle, n: number, cipher: number, key: Uint8Array, encrypts: number): void;
  sealDropKey(seal: SealHandle, n: number): void;
  /** Of the first `count` messages, how many could not be sealed, or opened. */
  sealRun(seal: SealHandle, count: number): number;
}

// Aliases come later in the list (EWOULDBLOCK after EAGAIN), so the first name of a number wins.
const ERRNO_NAMES = new Map<number, string>(
  Object.entries(os.constants.errno)
    .reverse()
    .map(([name, n]) => [n, name]),
);
ERRNO_NAMES.set(77, "EBADFD");
ERRNO_NAMES.set(524, "ENOTSUPP");

/** "EPERM" for 1 (or -1). */
export function errnoName(errno: number): string {
  return ERRNO_NAMES.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;
}

const HINTS: Record<string, string> = {
  EPERM: "run as root, or grant CAP_NET_ADMIN (and CAP_BPF, CAP_SYS_ADMIN for namespaces)",
  EACCES: "run as root, or grant CAP_NET_ADMIN (and CAP_BPF, CAP_SYS_ADMIN for namespaces)",
  ENOENT: "does it exist? for /dev/net/tun: 'modprobe tun', or give the container --device /dev/net/tun",
  ENODEV: "does it exist? for /dev/net/tun: 'modprobe tun', or give the container --device /dev/net/tun",
  EBUSY: "another program uses it",
  EEXIST: "it exists already",
  EMFILE: "too many open files: raise 'ulimit -n'",
  ENFILE: "too many open files on this host: raise fs.file-max",
  ENOMEM: "not enough memory, or the locked-memory limit is too low ('ulimit -l')",
};

/** What one does about it, if that is known. */
export function errnoHint(errno: number): string | undefined {
  return HINTS[errnoName(errno)];
}

/** The kind of a system call's failure. */
export function systemErrorKind(errno: number): "permission" | "conflict" | "unavailable" {
  const name = errnoName(errno);
  if (name === "EPERM" || name === "EACCES") return "permission";
  return name === "EBUSY" || name === "EEXIST" || name === "EADDRINUSE" ? "conflict" : "unavailable";
}

/** Error for a system call that failed with `errno` (either sign): names the call, the errno and what to do. */
export function systemError(call: string, errno: number, hint?: string): TsproxyError {
  const name = errnoName(errno);
  return new TsproxyError("TSP_ERR_SYSCALL", systemErrorKind(errno), `${call} failed (${name})`, hint ?? errnoHint(errno));
}

function load(): Native {
  const file = addonFile();
  if (file === null) throw addonError(`there is no compiled addon for ${platformName()}`);
  let raw: Native;
  try {
    raw = createRequire(import.meta.url)(file) as Native;
  } catch (cause) {
    throw addonError(`the addon ${file} cannot be loaded: ${(cause as Error).message}`, cause);
  }
  // Set-up calls throw a plain Error with errno and syscall; give it a name and a hint. Packet calls are left untouched.
  const wrapped = { ...raw };
  for (const name of Object.keys(raw) as (keyof Native)[]) {
    if (name === "ioReceive" || name === "ioTransmit" || name === "sealRun") continue;
    const call = raw[name] as (...args: unknown[]) => unknown;
    (wrapped as Record<string, unknown>)[name] = (...args: unknown[]) => {
      try {
        return call(...args);
      } catch (error) {
        const { errno, syscall } = error as { errno?: number; syscall?: string };
        throw errno === undefined || syscall === undefined ? error : systemError(syscall, errno);
      }
    };
  }
  return wrapped;
}

function addonError(message: string, cause?: unknown): TsproxyError {
  return new TsproxyError("TSP_ERR_ADDON", "unavailable", message, `compile it: ${BUILD_COMMAND} (needs a C compiler)`, cause);
}

export const native: Native = load();
