/** What carries frames of LANs past the engine (`lan-carry-programs.ts`): for each endpoint on a veth pair its entry and the program on it. */
import fs from "node:fs";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import type { IpAddress } from "../wire/ip-address.js";
import { toBytes } from "../wire/ip-address.js";
import { MAX_ENDPOINTS } from "./endpoint-programs.js";
import {
  GUARD_IPV4_AT,
  GUARD_IPV6_AT,
  GUARD_MAC_AT,
  GUARD_NETWORK_AT,
  LAN_GUARD_SIZE,
  type LanCarryMapFds,
  lanFromProgram,
} from "./lan-carry-programs.js";
import type { MapFds } from "./packet-program.js";

export interface CarriedStation {
  /** Interface index of the pair's end in the host's namespace. */
  end: number;
  /** Number of its network in the engine. */
  network: number;
  mac: Uint8Array;
  addresses: readonly IpAddress[];
}

export class LanCarry {
  readonly maps: LanCarryMapFds;
  private readonly fds: number[] = [];
  /** Undefined: it was not needed yet. */
  private program: number | null | undefined;

  /** `guard`: of endpoint-programs.ts. */
  constructor(
    maps: MapFds & { guard: number },
    private readonly workers: number,
  ) {
    const spec = { type: bpf.MAP_HASH, keySize: 4, valueSize: LAN_GUARD_SIZE, maxEntries: MAX_ENDPOINTS, flags: bpf.F_NO_PREALLOC };
    this.maps = { ...maps, lanGuard: this.keep(bpf.createMap({ name: "tsproxy_lan_guard", ...spec })) };
  }

  /** What that endpoint sends is carried where the engine has said so; answers how to end that. */
  add({ end, network, mac, addresses }: CarriedStation): () => void {
    const { lanGuard } = this.maps;
    const value = new Uint8Array(LAN_GUARD_SIZE);
    value.set(mac, GUARD_MAC_AT);
    new DataView(value.buffer).setUint32(GUARD_NETWORK_AT, network, true);
    for (const address of addresses) value.set(toBytes(address), address.family === 4 ? GUARD_IPV4_AT : GUARD_IPV6_AT);
    const program = this.load();
    const link = program === null ? null : bpf.createTcxLink(program, end, "ingress", { first: true });
    if (link === null) return () => {}; // refused, or no TCX: the engine moves it
    const undo = (): void => {
      bpf.deleteElement(lanGuard, word(end));
      fs.closeSync(link);
    };
    try {
      bpf.updateElement(lanGuard, word(end), value);
    } catch (error) {
      undo();
      throw error;
    }
    return undo;
  }

  /** For all endpoints, when there is the first one; null: the kernel refuses it, which is said once. */
  private load(): number | null {
    if (this.program !== undefined) return this.program;
    try {
      this.program = this.keep(bpf.loadProgram("tsproxy_lan_from", lanFromProgram(this.maps, this.workers)));
    } catch (error) {
      if (!(error instanceof TsproxyError)) throw error;
      this.program = null;
      log.warn(`what endpoints on LANs send is not carried by the kernel: ${error.message}`);
    }
    return this.program;
  }

  close(): void {
    for (const fd of this.fds.splice(0)) fs.closeSync(fd);
    this.program = undefined;
  }

  private keep(fd: number): number {
    this.fds.push(fd);
    return fd;
  }
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
