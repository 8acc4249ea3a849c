/** The numbers of networks in the workers' tables. */
import { TsproxyError } from "../../errors.js";
import { MAX_NETWORKS } from "../../table/networks.js";

export class NetworkNumbers {
  /** How many use it. */
  private readonly taken = new Map<number, number>();

  /** The lowest one that nobody uses. Throws TSP_ERR_NETWORK (unavailable) when there are too many. */
  take(): number {
    let number = 0;
    while (this.taken.has(number)) number++;
    if (number >= MAX_NETWORKS)
      throw new TsproxyError("TSP_ERR_NETWORK", "unavailable", `there are ${MAX_NETWORKS} networks already`, "remove one");
    this.keep(number);
    return number;
  }

  /** One more uses it. */
  keep(number: number): void {
    this.taken.set(number, (this.taken.get(number) ?? 0) + 1);
  }

  /** One less. */
  give(number: number): void {
    const left = this.taken.get(number)! - 1;
    if (left === 0) this.taken.delete(number);
    else this.taken.set(number, left);
  }
}
