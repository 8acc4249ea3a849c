/** What becomes of a capture's answer: lines for people or programs, or the blocks of a pcapng file. */
import type { CapturedView, LostView } from "../../api/capture-types.js";
import type { Write } from "./output.js";

/** What comes goes here, and from here to an output. */
export interface Sink {
  /** Takes a part of what comes. */
  take(chunk: Buffer): void;
  summary(): string;
}

function summaryOf(packets: number, lost: number): string {
  const count = packets === 1 ? "1 packet captured" : `${packets} packets captured`;
  return lost === 0 ? count : `${count}, ${lost} lost as they came too fast: use a filter, or a shorter --snapshot-length`;
}

/** Of JSON lines: a line of text each, or as they are. */
export function lines(json: boolean, write: Write): Sink {
  let rest = "";
  let packets = 0;
  let lost = 0;
  const decoder = new TextDecoder();
  return {
    take(chunk) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop()!;
      let out = "";
      for (const part of parts) {
        const view = JSON.parse(part) as CapturedView | LostView;
        lost += view.lost ?? 0;
        if ("verdict" in view) packets++;
        out += json ? `${part}\n` : `${"verdict" in view ? lineOf(view) : lostLine(view.lost)}\n`;
      }
      if (out !== "") write(out);
    },
    summary: () => summaryOf(packets, lost),
  };
}

function lostLine(count: number): string {
  return `[${count} ${count === 1 ? "packet" : "packets"} lost]`;
}

/** A packet as a line for people. */
export function lineOf({ time, device, outDevice, proto, src, dst, newSrc, newDst, info, verdict, reason, lost }: CapturedView): string {
  const when = new Date(time);
  const clock = [when.getHours(), when.getMinutes(), when.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
  const way = outDevice === undefined ? device : `${device} > ${outDevice}`;
  const to = newSrc === undefined ? "" : ` to ${newSrc} > ${newDst}`;
  const decided = `${verdict}${reason === undefined ? "" : ` (${reason})`}${to}`;
  const before = lost === undefined ? "" : `${lostLine(lost)}\n`;
  return `${before}${clock}${time.slice(19, 26)} ${way} ${proto} ${src} > ${dst}${info === "" ? "" : ` ${info}`}: ${decided}`;
}

/** Of pcapng blocks: whole ones alone, so that the file can be read however the capture ends. */
export function blocks(write: Write): Sink {
  let rest: Buffer = Buffer.alloc(0);
  let lost = 0;
  let packets = 0;
  return {
    take(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      while (rest.length - at >= 12) {
        const size = rest.readUInt32LE(at + 4);
        if (rest.length - at < size) break;
        const { isPacket, dropped } = readBlock(rest.subarray(at, at + size));
        if (isPacket) packets++;
        lost += dropped;
        at += size;
      }
      if (at > 0) write(rest.subarray(0, at));
      rest = rest.subarray(at);
    },
    summary: () => summaryOf(packets, lost),
  };
}

/** Of a packet as it came in: that it is one, and how many were lost before it. */
function readBlock(block: Buffer): { isPacket: boolean; dropped: number } {
  if (block.readUInt32LE(0) !== 6) return { isPacket: false, dropped: 0 };
  let at = 28 + ((block.readUInt32LE(20) + 3) & ~3);
  let dropped = 0;
  let isIn = false;
  while (at + 4 <= block.length - 4) {
    const [code, size] = [block.readUInt16LE(at), block.readUInt16LE(at + 2)];
    if (code === 0) break;
    if (code === 2) isIn = (block.readUInt32LE(at + 4) & 3) === 1;
    if (code === 4) dropped = Number(block.readBigUInt64LE(at + 4));
    at += 4 + ((size + 3) & ~3);
  }
  return { isPacket: isIn, dropped };
}
