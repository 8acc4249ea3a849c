/**
 * Who is whose on a LAN, as the programs beside the parent know it (`steer/lan-programs.ts`): the MACs of endpoints and of the parent, where all have one MAC
 * the endpoints' addresses. What a MAC's key says comes of all that is known of it, each time: the parent may get an endpoint's MAC, and another one later.
 *
 * An endpoint that comes, or whose LAN has changed, is announced (RFC 5227 §2.3, RFC 4861 §7.2.6), so that switches and neighbors do not keep its former place.
 */
import { log } from "../../log.js";
import { type LanMapFds, OURS, PARENT } from "../../steer/lan-programs.js";
import * as bpf from "../../sys/bpf.js";
import { macText, parseMac } from "../../wire/ethernet.js";
import { formatIp, type IpAddress, linkLocalOf, toBytes } from "../../wire/ip-address.js";
import { eachFamily, type PerFamily } from "../../wire/per-family.js";
import { parentError } from "./lan-parent.js";
import { Steps } from "./steps.js";

/** Of an announcement, and seconds from one to the next: ANNOUNCE_NUM and ANNOUNCE_INTERVAL of RFC 5227 §1.1. */
const TIMES = 2,
  INTERVAL_MS = 2000;

/** What an endpoint is known by. */
export interface LanStation {
  mac: Uint8Array;
  addresses: PerFamily<IpAddress>;
  /** Of one on a veth pair that the kernel may carry packets from: interface index of the pair's end in the host's namespace. */
  end?: number | undefined;
}

export interface StationsOf {
  /** The parent, in messages. */
  readonly parent: string;
  readonly maps: Pick<LanMapFds, "stations" | "addresses">;
  /** "all": one, with the parent's MAC; "address": they have the parent's MAC, and are told apart by address. */
  readonly way: "mac" | "address" | "all" | "outside";
  /** Has what it sends carried where the engine says so; answers how to end that. */
  carry(station: { end: number; mac: Uint8Array; addresses: readonly IpAddress[] }): () => void;
  /** Has the station with that MAC announced. */
  announce(mac: Uint8Array): void;
}

export class LanStations {
  private readonly macs = new Set<string>();
  private readonly addresses = new Set<string>();
  /** Of the parent, while there is one. */
  private parentMac: string | undefined;
  /** How often who is to be announced still. */
  private readonly due = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly of: StationsOf) {}

  /** What comes for that station is its network's; answers how to end that. Throws TSP_ERR_NETWORK (conflict), TSP_ERR_SYSCALL. */
  add({ mac, addresses, end }: LanStation): () => void {
    const text = macText(mac);
    const { macs, parentMac } = this;
    const { maps, parent, way } = this.of;
    if (way === "all") {
      if (macs.size > 0)
        throw parentError("conflict", `${parent} has an endpoint already, and in mode passthru takes one`, "use mode bridge for several");
    } else if (text === parentMac)
      // One key is one station's: the host would be cut off.
      throw parentError("conflict", `MAC address ${text} is that of the parent interface ${parent}`, "give another one, or none");
    if (macs.has(text)) throw parentError("conflict", `MAC address ${text} is that of another endpoint on ${parent}`, "give another one");
    const own = eachFamily(addresses).map(formatIp);
    const taken = own.find((address) => this.addresses.has(address));
    if (taken !== undefined)
      // Networks on one LAN may overlap, where somebody else gives the addresses.
      throw parentError("conflict", `address ${taken} is that of another endpoint on ${parent}`, "give another one");
    const steps = new Steps();
    try {
      for (const address of own) this.addresses.add(address);
      steps.add("addresses of a station", () => {
        for (const address of own) this.addresses.delete(address);
      });
      macs.add(text);
      steps.add("key of a station", () => {
        macs.delete(text);
        this.due.delete(text);
        this.write(text);
      });
      this.write(text);
      for (const key of way === "address" ? [...eachFamily(addresses), linkLocalOf(mac)].map(addressKey) : []) {
        bpf.updateElement(maps.addresses, key, macKey(mac));
        steps.add("address of a station", () => bpf.deleteElement(maps.addresses, key));
      }
      if (end !== undefined) steps.add("carrying of a station", this.of.carry({ end, mac, addresses: eachFamily(addresses) }));
    } catch (error) {
      steps.run();
      throw error;
    }
    this.announce(text);
    return () => steps.run();
  }

  /** `mac`: of the parent from now on; undefined: there is none. Throws TSP_ERR_SYSCALL. */
  setParent(mac: string | undefined): void {
    const { parentMac: before, macs } = this;
    const { parent, way } = this.of;
    this.parentMac = mac;
    for (const each of new Set([before, mac])) if (each !== undefined) this.write(each);
    if (mac !== undefined && way !== "all" && macs.has(mac))
      log.warn(`${parent} has the MAC address ${mac} now, which an endpoint on it has: that is not reached until one of both has another`);
  }

  /** All of them: who knew where they are may be wrong now. */
  announceAll(): void {
    for (const mac of this.macs) this.announce(mac);
  }

  close(): void {
    clearTimeout(this.timer);
    this.due.clear();
  }

  private announce(mac: string): void {
    this.due.set(mac, TIMES);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.say(), 0); // its port is not there yet
  }

  private say(): void {
    for (const [mac, times] of this.due) {
      this.of.announce(parseMac(mac)!);
      if (times > 1) this.due.set(mac, times - 1);
      else this.due.delete(mac);
    }
    if (this.due.size > 0) this.timer = setTimeout(() => this.say(), INTERVAL_MS).unref();
  }

  /** The key of that MAC, as all that is known says. The parent goes first: without, the host would be cut off. */
  private write(mac: string): void {
    const { maps, way } = this.of;
    const key = macKey(parseMac(mac)!);
    if (mac === this.parentMac) bpf.updateElement(maps.stations, key, word(PARENT));
    else if (way !== "address" && this.macs.has(mac)) bpf.updateElement(maps.stations, key, word(OURS));
    else bpf.deleteElement(maps.stations, key);
  }
}

function macKey(mac: Uint8Array): Uint8Array {
  const key = new Uint8Array(8);
  key.set(mac);
  return key;
}

/** IPv4 as an IPv4-mapped one. */
function addressKey(address: IpAddress): Uint8Array {
  if (address.family === 6) return toBytes(address);
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...toBytes(address));
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
