/** What GET /v1/capture takes, and what its lines say (`types.ts` on how schemas are used). */
import * as v from "valibot";

const text = (description: string) => v.exactOptional(v.pipe(v.string(), v.description(description)));

/** Query of /v1/capture. */
export const CaptureQuery = v.strictObject({
  client: text("Only flows that were opened by this address, or from this network."),
  port: text("Only those that were opened to this port."),
  target: text("Only those to this target, or to or from this endpoint: an address or a network."),
  proto: text("`tcp`, `udp`, `sctp` or `icmp`."),
  network: text("Only what goes in or out of this own network: its name, id, subnet, or the host's device in it."),
  drops: text("Whatever it says: only what is dropped, or answered in its receiver's place."),
  snapshotLength: text("Bytes of a packet that are kept; 262144 by default, which is all."),
  count: text("Ends after so many packets."),
  seconds: text("Ends after so many seconds."),
  format: text("`pcapng`, which is the default, or `json`."),
});
export type CaptureQuery = v.InferOutput<typeof CaptureQuery>;

/** A captured packet, in format `json`. */
export interface CapturedView {
  /** ISO 8601, with microseconds. */
  time: string;
  /** Device that it came in by. */
  device: string;
  /** Device that it goes out of; absent: it does not, or to several, or in pieces. */
  outDevice?: string;
  /** `tcp`, `udp`, `icmp`, `arp`, … */
  proto: string;
  /** As it came in: `ADDRESS:PORT`, an address, or a MAC address. */
  src: string;
  dst: string;
  /** As it goes out, where that is something else. */
  newSrc?: string;
  newDst?: string;
  /** Flags, numbers; "" for nothing. */
  info: string;
  /** Bytes of the frame. */
  length: number;
  verdict: "forwarded" | "translated" | "dropped" | "answered" | "flooded" | "fragmented" | "sealed" | "waits";
  /** Why it is dropped or answered, as in the counters of drops. */
  reason?: string;
  /** Packets that were lost before this one, as they came faster than they were read. */
  lost?: number;
}

/** The last line in format `json`, if packets were lost after the last one that was captured. */
export interface LostView {
  lost: number;
}
