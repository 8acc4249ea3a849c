/** Where the steering programs count what they carry, by published port. */
import type { Carried } from "../steer/carried.js";
import type { Steering } from "../steer/steering.js";
import { formatMapping, hostAddressText, type MappingText, type OneSpec } from "./mapping.js";
import type { Undo } from "./undo.js";

export class CarriedCounts {
  /** By `placeName`. */
  private readonly places = new Map<string, number>();

  constructor(private readonly steering: Pick<Steering, "carried" | "offload">) {}

  /** What they have carried of the flows to a published port; undefined: there is no place. */
  of({ proto, hostIp, hostPort }: Pick<MappingText, "proto" | "hostIp" | "hostPort">): Carried | undefined {
    const place = this.places.get(placeName(proto, hostIp, hostPort));
    return place === undefined ? undefined : this.steering.carried.at(place);
  }

  /** A place for the port, until `undo` is run; 0: they carry nothing, or there is no place left. */
  take(spec: OneSpec, first: number, undo: Undo): number {
    if (!this.steering.offload.ipv4) return 0;
    const place = this.steering.carried.take();
    if (place === 0) return 0;
    const name = placeName(spec.proto, hostAddressText(spec), first);
    this.places.set(name, place);
    undo.add(`counts of ${formatMapping(spec)}`, () => {
      this.places.delete(name);
      this.steering.carried.giveBack(place);
    });
    return place;
  }
}

function placeName(proto: string, hostIp: string, firstPort: number): string {
  return `${hostIp} ${firstPort}/${proto}`;
}
