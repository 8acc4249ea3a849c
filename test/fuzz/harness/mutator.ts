/** Changes a frame in place: bits, bytes, lengths, whole fields, and often the checksums afterwards, so that what is wrong is found only deeper down. */
import type { Random } from "../../support/random.js";
import * as x from "./bytes.js";
import { MAX_INPUT } from "./fuzz-io.js";
import { frameAt } from "./packet.js";

const INTERESTING = [0, 1, 0x7f, 0x80, 0xfe, 0xff];
const INTERESTING_16 = [0, 1, 8, 0x7fff, 0x8000, 0xffff, 14, 20, 34, 40, 54, 1500];
const TYPES = [0x0800, 0x0806, 0x86dd, 0x8100, 0x88a8, 0x0027];
/** Fields of an IPv4 frame with a plain header, from the virtio-net header on: place and size. */
const FIELDS: readonly [number, number][] = [
  [0, 1], [1, 1], [2, 2], [4, 2], [6, 2], [8, 2], // flags, gso_type, hdr_len, gso_size, csum_start, csum_offset
  [10, 6], [16, 6], [22, 2], // destination, source, type
  [24, 1], [25, 1], [26, 2], [28, 2], [30, 2], [32, 1], [33, 1], [36, 4], [40, 4], // IPv4
  [44, 2], [46, 2], [48, 2], [48, 4], [56, 1], [57, 1], // layer 4
]; // biome-ignore format: a table
/** The same of an IPv6 frame, behind the Ethernet header. */
const FIELDS6: readonly [number, number][] = [
  [24, 2], [28, 2], [30, 1], [31, 1], [32, 16], [48, 16], [64, 2], [66, 2], [68, 2], [68, 4], [64, 8], [76, 1], [77, 1], [72, 16], // layer 4, and what NDP is about
]; // biome-ignore format: a table

export class Mutator {
  /** `addresses` and `macs`: bytes that mean something in the world. */
  constructor(
    private readonly random: Random,
    private readonly addresses: readonly Uint8Array[],
    private readonly macs: readonly Uint8Array[],
  ) {}

  /** Changes `f`, of which `len` bytes are in use; answers the new length. */
  mutate(f: Uint8Array, len: number): number {
    const { random } = this;
    let times = random.pick([0, 0, 0, 1, 1, 1, 2, 5]);
    const changed = times > 0;
    for (; times > 0; times--) len = this.step(f, len);
    if (changed && random.below(2) === 0) repair(f, len);
    return len;
  }

  private step(f: Uint8Array, len: number): number {
    const { random } = this;
    if (len === 0) return 0;
    const at = random.below(Math.min(len, 110));
    switch (random.below(12)) {
      case 0:
        f[at] = f[at]! ^ (1 << random.below(8));
        return len;
      case 1:
        f[at] = random.below(256);
        return len;
      case 2:
        f[at] = random.pick(INTERESTING);
        return len;
      case 3:
        return random.below(len + 1);
      case 4: {
        const more = Math.min(MAX_INPUT - len, random.pick([1, 6, 46, 2200]));
        for (let k = 0; k < more; k++) f[len + k] = k;
        return len + more;
      }
      case 5: // an inside of itself somewhere else
        f.copyWithin(at, random.below(len), len);
        return len;
      case 6:
        return this.putAddress(f, len, random.pick(this.addresses));
      case 7:
        f.set(random.pick(this.macs), random.pick([10, 16, 32]));
        return Math.max(len, 38);
      case 8:
        x.set16(f, 22, random.pick(TYPES));
        return Math.max(len, 24);
      case 9:
        if (len < 60) return len;
        this.tag(f, len);
        return Math.min(len + 4, MAX_INPUT);
      case 10: {
        const [field, size] = random.pick(isIpv6(f) && random.below(2) === 0 ? FIELDS6 : FIELDS);
        if (field + size > len) return len;
        for (let k = 0; k < size; k++) f[field + k] = random.below(256);
        return len;
      }
      default: {
        const field = random.pick([2, 4, 6, 8, 26, 30, 44, 46, 48]);
        if (field + 2 > len) return len;
        if (field < 10) x.setLe16(f, field, random.pick(INTERESTING_16));
        else x.set16(f, field, random.pick(INTERESTING_16));
        return len;
      }
    }
  }

  private putAddress(f: Uint8Array, len: number, address: Uint8Array): number {
    const at = this.random.pick(address.length === 4 ? [36, 40, 36, 40, 72, 76, 38, 48] : [32, 48, 32, 48, 72, 80, 96]);
    f.set(address, at);
    return Math.max(len, at + address.length, 80);
  }

  private tag(f: Uint8Array, len: number): void {
    f.copyWithin(26, 22, Math.min(len, MAX_INPUT - 4));
    x.set16(f, 22, this.random.pick([0x8100, 0x8100, 0x88a8]));
    x.set16(f, 24, this.random.pick([0, 0, 1, 4095]));
  }
}

function isIpv6(f: Uint8Array): boolean {
  return x.u16(f, 22) === 0x86dd;
}

/** Gives a frame right checksums, where its headers allow. */
function repair(f: Uint8Array, len: number): void {
  const packet = frameAt(f, 0, len);
  if (packet === null) return;
  const { version, ip, l4, end, proto } = packet;
  if (version === 4) {
    x.set16(f, ip + 10, 0);
    x.set16(f, ip + 10, ~x.fold(x.sum(f, ip, l4)));
  }
  const isIcmp = proto === (version === 4 ? x.ICMP : x.ICMPV6);
  const place = isIcmp ? 2 : x.checksumAt(proto);
  if (packet.first || packet.later || place === -1 || end - l4 < (proto === x.TCP ? 20 : 8)) return;
  const addresses = version === 4 ? x.sum(f, ip + 12, ip + 20) : x.sum(f, ip + 8, ip + 40);
  const pseudo = isIcmp && version === 4 ? 0 : addresses + proto + end - l4;
  if (x.isPartial(f, 0)) {
    x.set16(f, l4 + place, x.fold(pseudo));
    return;
  }
  x.set16(f, l4 + place, 0);
  x.set16(f, l4 + place, ~x.fold(x.sum(f, l4, end) + pseudo) || 0xffff);
}
