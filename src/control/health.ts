/**
 * Health of targets: whether a TCP server answers, asked at an interval.
 *
 * A target that is not known yet is taken for healthy, and its first check decides. Then it takes `fall` failures in a row to be down, and `rise`
 * answers in a row to be up again.
 *
 * A check knocks (`knock.ts`) by the host's own stack, from its address next to the target: so it goes where a client of the host would. It wakes the
 * machine once an interval, whatever the number of targets: all that have the same interval are asked at the same moments.
 */
import { formatIp, type IpAddress } from "../wire/ip-address.js";
import type { Answer } from "./knock.js";

export interface HealthCheck {
  readonly intervalMs: number;
  /** At most the interval. */
  readonly timeoutMs: number;
  /** Answers in a row after which who was down is up, and failures after which who was up is down. */
  readonly rise: number;
  readonly fall: number;
  /** TCP port that is asked, whatever is published; null: the target's own, and only of TCP. */
  readonly port: number | null;
}

export const DEFAULT_CHECK: HealthCheck = { intervalMs: 2000, timeoutMs: 1000, rise: 2, fall: 3, port: null };

/** What has been heard of one target. */
export class Health {
  up = true;
  private known = false;
  /** Answers in a row that say otherwise. */
  private contrary = 0;

  constructor(private readonly check: Pick<HealthCheck, "rise" | "fall">) {}

  /** A check has ended. True: `up` has changed. */
  note(answered: boolean): boolean {
    this.contrary = answered === this.up ? 0 : this.contrary + 1;
    const needed = this.known ? (this.up ? this.check.fall : this.check.rise) : 1;
    this.known = true;
    if (this.contrary < needed) return false;
    this.up = answered;
    this.contrary = 0;
    return true;
  }
}

export interface Clock {
  /** Milliseconds, never going back. */
  now(): number;
  /** Answers how to call it off. */
  after(ms: number, run: () => void): () => void;
}

export const CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

export type Ask = (address: string, port: number, timeoutMs: number) => Promise<Answer>;
/** `why`: the last answer. */
type Listener = (up: boolean, why: Answer) => void;

interface Subject {
  readonly address: string;
  readonly port: number;
  readonly check: HealthCheck;
  readonly health: Health;
  readonly listeners: Set<Listener>;
  asking: boolean;
  why: Answer;
}

export interface Watch {
  /** As far as it is known. */
  readonly up: boolean;
  stop(): void;
}

/** Asks each server once, however many ports lead to it. */
export class HealthChecks {
  private readonly subjects = new Map<string, Subject>();
  /** By interval: how to call off the next round. */
  private readonly rounds = new Map<number, () => void>();

  constructor(
    private readonly ask: Ask,
    private readonly clock: Clock = CLOCK,
  ) {}

  /** `listener` hears when it goes up or down. */
  watch(ip: IpAddress, port: number, check: HealthCheck, listener: Listener): Watch {
    const address = formatIp(ip);
    const { intervalMs, timeoutMs, rise, fall } = check;
    const key = [address, port, intervalMs, timeoutMs, rise, fall].join(" ");
    let subject = this.subjects.get(key);
    if (subject === undefined) {
      subject = { address, port, check, health: new Health(check), listeners: new Set(), asking: false, why: "unknown" };
      this.subjects.set(key, subject);
      void this.put(subject);
      if (!this.rounds.has(intervalMs)) this.schedule(intervalMs);
    }
    const found = subject;
    found.listeners.add(listener);
    return {
      get up() {
        return found.health.up;
      },
      stop: () => {
        found.listeners.delete(listener);
        if (found.listeners.size === 0 && this.subjects.get(key) === found) this.subjects.delete(key);
      },
    };
  }

  close(): void {
    this.subjects.clear();
    for (const cancel of this.rounds.values()) cancel();
    this.rounds.clear();
  }

  private schedule(intervalMs: number): void {
    const wait = intervalMs - (this.clock.now() % intervalMs);
    this.rounds.set(
      intervalMs,
      this.clock.after(wait, () => this.round(intervalMs)),
    );
  }

  private round(intervalMs: number): void {
    const due = [...this.subjects.values()].filter(({ check }) => check.intervalMs === intervalMs);
    if (due.length === 0) {
      this.rounds.delete(intervalMs);
      return;
    }
    this.schedule(intervalMs);
    for (const subject of due) void this.put(subject);
  }

  /** Puts the question, unless it is being asked still. */
  private async put(subject: Subject): Promise<void> {
    if (subject.asking) return;
    subject.asking = true;
    const answer = await this.ask(subject.address, subject.port, subject.check.timeoutMs);
    subject.asking = false;
    if (answer === "unknown") return; // it says something about us, and nothing about the target
    subject.why = answer;
    if (subject.health.note(answer === "answers")) for (const listener of [...subject.listeners]) listener(subject.health.up, answer);
  }
}
