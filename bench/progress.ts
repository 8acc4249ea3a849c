/** One line on what runs and what remains; on a terminal it is redrawn, elsewhere a line a result is kept. */

export class Progress {
  private readonly start = performance.now();
  private spent = 0;

  /** `total`: of the costs that `done` will be told. */
  constructor(private readonly total: number) {}

  /** `text` that ends with a newline is kept. */
  show(text: string): void {
    const line = `${this.left()} ${text.trimEnd()}`;
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}${text.endsWith("\n") ? "\n" : ""}`);
    else if (text.endsWith("\n")) console.log(line);
  }

  note(text: string): void {
    this.show(`${text}\n`);
  }

  done(cost: number): void {
    this.spent += cost;
  }

  end(): void {
    if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
  }

  /** By what the work so far took; at first by its estimate. */
  private left(): string {
    const elapsed = (performance.now() - this.start) / 1000;
    const pace = this.spent > 0 ? elapsed / this.spent : 1;
    return `[${minutes(elapsed)} gone, about ${minutes(Math.max(0, (this.total - this.spent) * pace))} left]`;
  }
}

function minutes(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
