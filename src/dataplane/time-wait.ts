/**
 * What the target of a connection that is over may still remember of it, and whether it takes the first segment of another one, which looks the same
 * to it, for a new connection.
 *
 * Who has closed first remembers the connection for a while (TIME-WAIT; RFC 9293 §3.6.1). A SYN he takes for a new one if its timestamp is newer than the
 * last one, or, if not both have one, if its sequence number is beyond the last one (RFC 6191). To any other he sends an ACK, whose receiver resets the
 * old connection and begins again after some milliseconds, or a second. One and the same opener counts on from one connection to the next. Another one,
 * who gets the port of a connection that is over, is anywhere: with timestamps and sequence numbers that begin at random for each connection, as in
 * RFC 7323 §7.1 and RFC 6528, every second SYN is turned away.
 *
 * So with the last FIN the row keeps what the target has heard last, in the place of the acknowledgments, which nobody needs any more, and
 * `source-port.ts` looks for a port at which the target takes the SYN. It is not known who has closed first: both may have at the same time.
 */
import type { Batch } from "../mem/batch.js";
import { CLOSING, type Conntrack } from "../table/conntrack.js";
import { tcpSequenceUpper, tcpTimestampsAt } from "../wire/l4.js";
import { rawHalf } from "../wire/raw.js";

/** Bytes from a timestamp to the echo of the other end's. */
const ECHO = 4;

/** The last FIN is in the segment at `off`, of direction `dir`: notes what the target will remember. `acked` has been noted (`tcp-window.ts`). */
export function rememberEnd(conntrack: Conntrack, id: number, dir: number, bytes: Uint8Array, halves: Uint16Array, off: number): void {
  const at = tcpTimestampsAt(bytes, off);
  if (at !== -1) conntrack.keepTimestamp(id, numberAt(bytes, dir === 0 ? at : at + ECHO));
  else if (dir === 0) conntrack.setAcked(id, 1, tcpSequenceUpper(halves, off));
}

/** Whether the target of flow `id`, which is CLOSED, is sure to take frame `i`, a SYN, for a new connection. */
export function isTakenAsNew({ l4, memory }: Batch, i: number, conntrack: Conntrack, id: number): boolean {
  if (conntrack.state(id) !== CLOSING) return true; // after a reset nobody remembers anything
  const { bytes, halves } = memory;
  const off = l4[i]!;
  if (conntrack.hasTimestamp(id)) {
    const at = tcpTimestampsAt(bytes, off);
    return at !== -1 && ((numberAt(bytes, at) - conntrack.timestamp(id)) | 0) > 0;
  }
  // Upper halves, so the same one may be before or behind.
  const ahead = rawHalf(tcpSequenceUpper(halves, off)) - rawHalf(conntrack.acked(id, 1));
  return (ahead << 16) >> 16 > 0;
}

function numberAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
