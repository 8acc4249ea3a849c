import { describe, expect, it } from "vitest";
import { Addresses } from "../../src/table/addresses.js";
import { Prefix } from "../../src/table/prefix.js";
import * as word from "../../src/wire/address-word.js";
import { fold } from "../../src/wire/checksum.js";
import { Quads } from "../../src/wire/field.js";
import { ofIpv4, toBytes } from "../../src/wire/ip-address.js";
import { rawWord } from "../../src/wire/raw.js";
import { ip, prefix, raw } from "../support/host.js";
import { sum } from "../support/packets.js";
import { Random } from "../support/random.js";

const make = (capacity = 64, seed = 1): Addresses => new Addresses(capacity, new Random(seed).int32);
const words = (text: string): Int32Array => new Int32Array(toBytes(ip(text)).buffer);

describe("a handle", () => {
  it.each([
    ["2001:db8::1", word.GLOBAL],
    ["fd00::1", word.GLOBAL],
    ["::2", word.GLOBAL],
    ["::1:0:0:0", word.GLOBAL],
    ["fe80::1", word.LINK_LOCAL],
    ["febf::1", word.LINK_LOCAL],
    ["fec0::1", word.GLOBAL],
    ["ff02::1", word.MULTICAST],
    ["::1", word.LOOPBACK],
    ["::", word.UNSPECIFIED],
    ["::ffff:192.0.2.1", word.MAPPED],
  ])("of %s says what sort of address it is", (text, sort) => {
    const table = make();
    const handle = table.take(ip(text));
    expect([word.isIpv6(handle), word.sortOf(handle), table.text(handle)]).toEqual([true, sort, text]);
    expect([word.isGroup(handle), word.isLoopback(handle), word.isUnspecified(handle)]).toEqual([
      sort === word.MULTICAST,
      sort === word.LOOPBACK,
      sort === word.UNSPECIFIED,
    ]);
    expect(word.isMartian(handle)).toBe(sort === word.MULTICAST || sort === word.MAPPED);
  });

  it("is no word of an IPv4 address that anybody has", () => {
    const table = make();
    for (const address of ["0.0.0.0", "127.0.0.1", "192.0.2.1", "224.0.0.1", "239.255.255.255", "255.255.255.255"]) {
      expect(word.isIpv6(raw(address)), address).toBe(false);
      expect([table.take(ip(address)), table.text(raw(address))]).toEqual([raw(address), address]);
    }
    expect(["224.0.0.1", "255.255.255.255", "0.0.0.1"].map((a) => word.isMartian(raw(a)))).toEqual([true, true, true]);
    expect(["0.0.0.0", "10.0.0.1", "127.0.0.1"].map((a) => word.isMartian(raw(a)))).toEqual([false, false, false]);
  });
});

describe("the table", () => {
  it("gives one address one handle, while something holds it", () => {
    const table = make();
    const [one, other] = [table.take(ip("fd00::1")), table.take(ip("fd00::2"))];
    expect([table.take(ip("fd00::1")) === one, one === other, table.used]).toEqual([true, false, 2]);
    table.release(one);
    table.sweep();
    expect([table.find(words("fd00::1"), 0), table.used]).toEqual([one, 2]);
    table.release(one);
    expect(table.find(words("fd00::1"), 0)).toBe(one); // for the rest of the batch
    table.sweep();
    expect([table.find(words("fd00::1"), 0), table.used, table.stale]).toEqual([word.NO_ADDRESS, 1, false]);
  });

  it("keeps what a packet brought until the batch is over, or longer if a flow holds it by then", () => {
    const table = make();
    const [passing, kept] = [table.intern(words("2001:db8::9"), 0), table.intern(words("2001:db8::a"), 0)];
    table.hold(kept);
    expect(table.stale).toBe(true);
    table.sweep();
    expect([table.find(words("2001:db8::9"), 0), table.find(words("2001:db8::a"), 0)]).toEqual([word.NO_ADDRESS, kept]);
    expect(word.rowOf(table.intern(words("2001:db8::b"), 0))).toBe(word.rowOf(passing)); // its row is free again
  });

  it("is full at its capacity, and has room again after a sweep", () => {
    const table = make(4);
    for (let n = 1; n <= 4; n++) expect(table.intern(words(`fd00::${n}`), 0)).not.toBe(word.NO_ADDRESS);
    expect(table.intern(words("fd00::5"), 0)).toBe(word.NO_ADDRESS);
    table.sweep();
    expect([table.used, table.intern(words("fd00::5"), 0) !== word.NO_ADDRESS]).toEqual([0, true]);
  });

  it("finds every address through any coming and going, alone and many at once", () => {
    const random = new Random(7);
    const table = make(200, 7);
    const held = new Map<string, number>();
    for (let step = 0; step < 4000; step++) {
      const text = `fd00:${(1 + random.below(3)).toString(16)}::${(1 + random.below(300)).toString(16)}`;
      const handle = held.get(text);
      if (handle === undefined && held.size < 150) held.set(text, table.take(ip(text)));
      else if (handle !== undefined) {
        table.release(handle);
        held.delete(text);
      }
      if (random.below(5) === 0) table.sweep();
    }
    table.sweep();
    expect(table.used).toBe(held.size);
    const all = [...held.keys(), "fd00:9::9"];
    const memory = Int32Array.from(all.flatMap((text) => [0, ...words(text)]));
    const handles = new Int32Array(all.length);
    table.findAll(
      new Quads(memory),
      Int32Array.from(all, (_, k) => 5 * k + 1),
      all.length,
      handles,
    );
    expect([...handles]).toEqual([...held.values(), word.NO_ADDRESS]);
    for (const [text, handle] of held) expect([table.find(words(text), 0), table.text(handle)]).toEqual([handle, text]);
  });
});

it("sums either family, and so corrects a checksum across both", () => {
  const table = make();
  for (const [before, after] of [
    ["192.0.2.1", "198.51.100.7"],
    ["2001:db8::1", "fd00::4"],
    ["2001:db8::1", "172.17.0.4"],
    ["172.17.0.4", "fe80::42:acff:fe11:4"],
  ] as const) {
    const [x, y] = [table.take(ip(before)), table.take(ip(after))];
    const total = (text: string): number => sum(toBytes(ip(text)));
    const swap = (half: number): number => ((half & 0xff) << 8) | (half >>> 8);
    expect(fold(table.sum(x) + table.delta(x, y)) % 0xffff, `${before} ${after}`).toBe(swap(total(after)) % 0xffff);
  }
});

it("limits a client of IPv6 by its network of 64 bits, one of IPv4 by its address", () => {
  const table = make();
  const holder = (text: string): number => table.holder(table.take(ip(text)));
  expect(holder("2001:db8:1:2::1")).toBe(holder("2001:db8:1:2:ffff::9"));
  expect(holder("2001:db8:1:2::1")).not.toBe(holder("2001:db8:1:3::1"));
  expect(holder("192.0.2.1")).toBe(raw("192.0.2.1"));
});

it.each([
  ["fd00::/64", ["fd00::1", "fd00::ffff:1"], ["fd00:0:0:1::1", "fd01::1", "10.0.0.1"]],
  ["2001:db8:8000::/33", ["2001:db8:8000::1", "2001:db8:ffff::1"], ["2001:db8:7fff::1", "::"]],
  ["fd00::4/128", ["fd00::4"], ["fd00::5"]],
  ["::/0", ["::1", "fd00::1"], ["10.0.0.1"]],
  ["10.0.0.0/8", ["10.1.2.3"], ["11.0.0.1", "fd00::1"]],
  ["0.0.0.0/0", ["10.1.2.3", "255.255.255.255"], ["::"]],
])("a prefix %s has its own addresses alone", (text, inside, outside) => {
  const table = make();
  const range = new Prefix(prefix(text));
  const has = (address: string): boolean => range.has(table.take(ip(address)), table);
  expect([inside.map(has), outside.map(has)]).toEqual([inside.map(() => true), outside.map(() => false)]);
});

it("says addresses as people write them", () => {
  const table = make();
  expect(table.toIp(rawWord(0x0a000001))).toEqual(ofIpv4(0x0a000001));
  expect(table.toIp(table.take(ip("2001:db8::7")))).toEqual(ip("2001:db8::7"));
});
