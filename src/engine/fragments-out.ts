/**
 * Sends a datagram that is longer than its way out takes, in fragments (RFC 791 §3.2, RFC 1812 §5.2.1). They are made one after the other where the
 * datagram lies, behind its header, and each is sent before the next one is written over it. So no memory is needed. A fragment is as long as a
 * frame's head at most, since in a tail nothing can be sent from its middle.
 */
import type { Batch } from "../mem/batch.js";
import * as checksum from "../wire/checksum.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as vnet from "../wire/vnet.js";

/** Frame `i` in fragments of `mtu` bytes of IP or less; `send` is called with each in its place. Precondition: it has no offload but a partial checksum. */
export function sendInFragments(b: Batch, i: number, mtu: number, send: () => void): void {
  const { bytes, halves } = b.memory;
  const at = b.at[i]!;
  const ip = at + vnet.HEADER_SIZE + eth.HEADER_SIZE;
  const size = ipv4.headerSize(bytes, ip);
  const data = ipv4.totalLength(bytes, ip) - size;
  const place = ipv4.fragmentPlace(halves, ip);
  completeChecksum(b, i, data);
  const room = (Math.min(mtu - size, b.memory.headEnd(i) - ip - size) >> 3) << 3;
  if (room <= 0) return;
  for (let done = 0; done < data; done += room) {
    const length = Math.min(room, data - done);
    if (done > 0) moveData(b, i, ip + size, done, length);
    ipv4.setFragment(bytes, halves, ip, size + length, place, done, done + length < data);
    b.len[i] = eth.HEADER_SIZE + size + length;
    send();
    if (done === 0) ipv4.dropOptionsOfFirst(bytes, ip, size);
  }
}

/** The bytes from `done` on of what lies at `to`, over the first ones. */
function moveData(b: Batch, i: number, to: number, done: number, length: number): void {
  const { bytes } = b.memory;
  const end = b.memory.headEnd(i);
  const from = to + done;
  const inHead = Math.max(0, Math.min(length, end - from));
  bytes.copyWithin(to, from, from + inHead);
  if (inHead === length) return;
  const tail = b.memory.tailAt(b.tail[i]!) + Math.max(0, from - end);
  bytes.copyWithin(to + inHead, tail, tail + length - inHead);
}

/** Of a datagram in fragments nobody else can. */
function completeChecksum(b: Batch, i: number, data: number): void {
  const { bytes, halves } = b.memory;
  const at = b.at[i]!;
  const off = b.l4[i]!;
  if (vnet.isPartial(bytes, halves, at, off)) {
    const inHead = Math.min(data, b.memory.headEnd(i) - off);
    let all = checksum.sum(halves, bytes, off, inHead);
    if (data > inHead) all += checksum.sum(halves, bytes, b.memory.tailAt(b.tail[i]!), data - inHead);
    const whole = ~checksum.fold(all) & 0xffff;
    halves[(off + vnet.checksumField(halves, at)) >> 1] = whole === 0 ? 0xffff : whole;
  }
  vnet.emit(halves, at);
}
