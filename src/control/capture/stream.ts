/**
 * A capture as somebody reads it (`tsproxy capture`): it begins when this is made, and ends with the count, the time, or when the reader goes away,
 * whatever ended that. A reader that is too slow has the workers' rings run full, which is counted; nothing waits for him.
 */
import { Readable } from "node:stream";
import { log } from "../../log.js";
import type { CaptureRing } from "../../table/capture-ring.js";
import type { Encoder } from "./encoders.js";
import { type CapturedPacket, takePacket } from "./packet.js";

/** Packets taken at a time, and bytes that are passed on at once. */
const PACKETS = 256,
  CHUNK = 1 << 18;

/** A capture in the workers. */
export interface RunningCapture {
  readonly rings: readonly CaptureRing[];
  /** Resolves when the kernel carries nothing any more that is wanted: from then on all of it is captured. */
  readonly begun: Promise<void>;
  end(): void;
}

export interface CaptureLimits {
  /** 0: none. */
  count: number;
  seconds: number;
}

export class CaptureStream extends Readable {
  readonly contentType: string;
  /** As of `RunningCapture`. */
  readonly begun: Promise<void>;
  private capture: RunningCapture | undefined;
  private readonly timer: NodeJS.Timeout | undefined;
  private taken: CapturedPacket[] = [];
  private left: number;
  private isWanted = false;
  private isOver = false;
  private isScheduled = false;

  /** `start` begins the capture; what it is given is to be called when there is something in a ring. */
  constructor(
    start: (ready: () => void) => RunningCapture,
    private readonly encoder: Encoder,
    { count, seconds }: CaptureLimits,
  ) {
    super({ highWaterMark: CHUNK });
    this.contentType = encoder.contentType;
    this.left = count === 0 ? Number.POSITIVE_INFINITY : count;
    this.push(encoder.begin());
    this.capture = start(() => this.guarded(() => this.pump()));
    this.begun = this.capture.begun;
    if (seconds > 0) this.timer = setTimeout(() => this.finish(), seconds * 1000);
  }

  override _read(): void {
    this.isWanted = true;
    this.pump();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.stop();
    callback(error);
  }

  /** What goes wrong with what was captured ends the capture, and nothing else. */
  private guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      log.fault("a capture", error);
      this.destroy(error as Error);
    }
  }

  private pump(): void {
    if (!this.isWanted || this.capture === undefined) return;
    const chunks: Uint8Array[] = [];
    let size = 0;
    let packet: CapturedPacket | undefined;
    while (size < CHUNK && this.left > 0) {
      packet = this.next();
      if (packet === undefined) break;
      const bytes = this.encoder.packet(packet);
      this.left--;
      size += bytes.length;
      chunks.push(bytes);
    }
    if (size > 0) this.isWanted = this.push(Buffer.concat(chunks));
    if (this.left === 0 || (this.isOver && packet === undefined)) this.close();
    else if (this.isWanted && size >= CHUNK && !this.isScheduled) {
      // The rest of the process has its turn in between.
      this.isScheduled = true;
      setImmediate(() => {
        this.isScheduled = false;
        this.guarded(() => this.pump());
      });
    }
  }

  /** The oldest packet that the workers have. */
  private next(): CapturedPacket | undefined {
    if (this.taken.length === 0) {
      const taken: CapturedPacket[] = [];
      for (const ring of this.capture!.rings) {
        ring.listen();
        for (let n = 0; n < PACKETS; n++) {
          const packet = takePacket(ring);
          if (packet === undefined) break;
          taken.push(packet);
        }
      }
      taken.sort((a, b) => a.seconds - b.seconds || a.nanoseconds - b.nanoseconds);
      this.taken = taken.reverse(); // the last is taken first
    }
    return this.taken.pop();
  }

  /** Nothing more is captured. What waits in the rings is passed on as it is read, and then the end. */
  finish(): void {
    this.guarded(() => {
      if (this.capture === undefined || this.isOver) return;
      clearTimeout(this.timer);
      this.isOver = true;
      this.capture.end();
      this.pump();
    });
  }

  private close(): void {
    const lost = this.capture!.rings.reduce((sum, ring) => sum + ring.lostInAll, 0);
    this.stop();
    const last = this.encoder.end(lost);
    if (last.length > 0) this.push(last);
    this.push(null);
  }

  private stop(): void {
    clearTimeout(this.timer);
    if (this.capture === undefined) return;
    this.capture.end();
    this.capture = undefined;
  }
}
