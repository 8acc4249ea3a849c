/** Captured packets as whoever asked wants them: a pcapng file, or a JSON object a line. */
import type { CapturedView, LostView } from "../../api/capture-types.js";
import { decodeFrame } from "./decode.js";
import type { CapturedFrame, CapturedPacket } from "./packet.js";
import * as pcapng from "./pcapng.js";

export interface Encoder {
  readonly contentType: string;
  begin(): Uint8Array;
  packet(packet: CapturedPacket): Uint8Array;
  /** `lost`: packets that found no room, in all. */
  end(lost: number): Uint8Array;
}

/** Name of the device that a frame came by or goes out of, and what kind of port that is. */
export type NameDevice = (frame: CapturedFrame) => { name: string; kind: string };

export function jsonEncoder(nameOf: NameDevice): Encoder {
  const line = (value: CapturedView | LostView): Uint8Array => Buffer.from(`${JSON.stringify(value)}\n`);
  let said = 0;
  return {
    contentType: "application/x-ndjson",
    begin: () => new Uint8Array(0),
    packet: (packet) => {
      said += packet.lost;
      return line(viewOf(packet, nameOf));
    },
    end: (lost) => (lost > said ? line({ lost: lost - said }) : new Uint8Array(0)),
  };
}

export function viewOf(
  { verdict, reason, lost, seconds, nanoseconds, in: before, out: after }: CapturedPacket,
  nameOf: NameDevice,
): CapturedView {
  const frame = decodeFrame(before.bytes);
  const sent = after === undefined ? undefined : decodeFrame(after.bytes);
  const isOther = sent !== undefined && (sent.src !== frame.src || sent.dst !== frame.dst);
  return {
    time: timeText(seconds, nanoseconds),
    device: nameOf(before).name,
    ...(after !== undefined && { outDevice: nameOf(after).name }),
    ...frame,
    ...(isOther && { newSrc: sent.src, newDst: sent.dst }),
    length: before.length,
    verdict,
    ...(reason !== undefined && { reason }),
    ...(lost > 0 && { lost }),
  };
}

/** ISO 8601, with microseconds. */
function timeText(seconds: number, nanoseconds: number): string {
  const micros = String(Math.floor(nanoseconds / 1000)).padStart(6, "0");
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${micros}Z`;
}

/** What was decided, in words. */
export function decision({ verdict, reason, newSrc, newDst }: Pick<CapturedView, "verdict" | "reason" | "newSrc" | "newDst">): string {
  const to = newSrc === undefined ? "" : ` to ${newSrc} > ${newDst}`;
  if (verdict === "translated") return `translated${to}`;
  return reason === undefined ? verdict : `${verdict}: ${reason}`;
}

/** Each packet is there as it came in, and as it went out, on interfaces of their own; a comment says what was decided. */
export function pcapngEncoder(nameOf: NameDevice, application: string, snap: number): Encoder {
  const interfaces = new Map<string, { number: number; received: number }>();
  let packets = 0n;
  let last = 0n;
  const on = (frame: CapturedFrame, blocks: Uint8Array[]): number => {
    const { name, kind } = nameOf(frame);
    let found = interfaces.get(name);
    if (found === undefined) {
      found = { number: interfaces.size, received: 0 };
      interfaces.set(name, found);
      blocks.push(pcapng.interfaceDescription(name, kind, snap));
    }
    found.received++;
    return found.number;
  };
  return {
    contentType: "application/x-pcapng",
    begin: () => pcapng.sectionHeader(application, process.arch, "Each packet as it came in and as it went out, with the same packet id"),
    packet: (packet) => {
      const { in: before, out: after, lost, seconds, nanoseconds } = packet;
      const blocks: Uint8Array[] = [];
      const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
      const id = packets++;
      last = time;
      const comment = decision(viewOf(packet, nameOf));
      const shared = { time, id };
      const { length, bytes } = before;
      blocks.push(pcapng.enhancedPacket({ ...shared, on: on(before, blocks), direction: pcapng.INBOUND, length, bytes, lost, comment }));
      if (after !== undefined)
        blocks.push(
          pcapng.enhancedPacket({
            ...shared,
            on: on(after, blocks),
            direction: pcapng.OUTBOUND,
            length: after.length,
            bytes: after.bytes,
            lost: 0,
            comment,
          }),
        );
      return Buffer.concat(blocks);
    },
    end: (lost) =>
      Buffer.concat(
        [...interfaces.values()].map(({ number, received }) => pcapng.interfaceStatistics(number, last, received, number === 0 ? lost : 0)),
      ),
  };
}
