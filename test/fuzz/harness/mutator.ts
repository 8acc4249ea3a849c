/** Changes a frame in place: bits, bytes, lengths, whole fields, and often the checksums afterwards, so that what is wrong is found only deeper down. */
import type { Random } from "../../support/random.js";
import * as x from "./bytes.js";
import { MAX_INPUT } from "./fuzz-io.js";

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
        f.set(random.pick(this.addresses), random.pick([36, 40, 36, 40, 72, 76, 38, 48]));
        return Math.max(len, 80);
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
        const [field, size] = random.pick(FIELDS);
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

  private tag(f: Uint8Array, len: number): void {
    f.copyWithin(26, 22, Math.min(len, MAX_INPUT - 4));
    x.set16(f, 22, this.random.pick([0x8100, 0x8100, 0x88a8]));
    x.set16(f, 24, this.random.pick([0, 0, 1, 4095]));
  }
}

/** Gives an IPv4 frame right checksums, where its headers allow. */
function repair(f: Uint8Array, len: number): void {
  if (!x.isIpv4(f, 0, len)) return;
  const ip = x.VNET + x.ETH;
  const l4 = ip + (f[ip]! & 15) * 4;
  const end = ip + x.u16(f, ip + 2);
  x.set16(f, ip + 10, 0);
  x.set16(f, ip + 10, ~x.fold(x.sum(f, ip, l4)));
  const proto = f[ip + 9]!;
  const place = proto === x.ICMP ? 2 : x.checksumAt(proto);
  if ((x.u16(f, ip + 6) & 0x3fff) !== 0 || place === -1 || end - l4 < (proto === x.TCP ? 20 : 8)) return;
  const pseudo = proto === x.ICMP ? 0 : x.sum(f, ip + 12, ip + 20) + proto + end - l4;
  if (x.isPartial(f, 0)) {
    x.set16(f, l4 + place, x.fold(pseudo));
    return;
  }
  x.set16(f, l4 + place, 0);
  x.set16(f, l4 + place, ~x.fold(x.sum(f, l4, end) + pseudo) || 0xffff);
}
