/** Reproducible randomness: mulberry32. */
export class Random {
  constructor(private state: number) {}

  /** In [0, 1). */
  readonly next = (): number => {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };

  /** 0..n-1 */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  readonly int32 = (): number => (this.next() * 0x100000000) | 0;

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}
