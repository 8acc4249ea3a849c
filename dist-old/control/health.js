/**
 * Health of targets: whether a TCP server answers, asked at an interval.
 *
 * A target that is not known yet is taken for healthy, and its first check decides. Then it takes `fall` failures in a row to be down, and `rise`
 * answers in a row to be up again.
 *
 * A check knocks (`knock.ts`) by the host's own stack, from its address next to the target: so it goes where a client of the host would. It wakes the
 * machine once an interval, whatever the number of targets: all that have the same interval are asked at the same moments.
 */
import { formatIp } from "../wire/ip-address.js";
export const DEFAULT_CHECK = { intervalMs: 2000, timeoutMs: 1000, rise: 2, fall: 3, port: null };
/** What has been heard of one target. */
export class Health {
    constructor(check) {
        this.check = check;
        this.up = true;
        this.known = false;
        /** Answers in a row that say otherwise. */
        this.contrary = 0;
    }
    /** A check has ended. True: `up` has changed. */
    note(answered) {
        this.contrary = answered === this.up ? 0 : this.contrary + 1;
        const needed = this.known ? (this.up ? this.check.fall : this.check.rise) : 1;
        this.known = true;
        if (this.contrary < needed)
            return false;
        this.up = answered;
        this.contrary = 0;
        return true;
    }
}
export const CLOCK = {
    now: () => performance.now(),
    after: (ms, run) => {
        const timer = setTimeout(run, ms).unref();
        return () => clearTimeout(timer);
    },
};
/** Asks each server once, however many ports lead to it. */
export class HealthChecks {
    constructor(ask, clock = CLOCK) {
        this.ask = ask;
        this.clock = clock;
        this.subjects = new Map();
        /** By interval: how to call off the next round. */
        this.rounds = new Map();
    }
    /** `listener` hears when it goes up or down. */
    watch(ip, port, check, listener) {
        const address = formatIp(ip);
        const { intervalMs, timeoutMs, rise, fall } = check;
        const key = [address, port, intervalMs, timeoutMs, rise, fall].join(" ");
        let subject = this.subjects.get(key);
        if (subject === undefined) {
            subject = { address, port, check, health: new Health(check), listeners: new Set(), asking: false, why: "unknown" };
            this.subjects.set(key, subject);
            void this.put(subject);
            if (!this.rounds.has(intervalMs))
                this.schedule(intervalMs);
        }
        const found = subject;
        found.listeners.add(listener);
        return {
            get up() {
                return found.health.up;
            },
            stop: () => {
                found.listeners.delete(listener);
                if (found.listeners.size === 0 && this.subjects.get(key) === found)
                    this.subjects.delete(key);
            },
        };
    }
    close() {
        this.subjects.clear();
        for (const cancel of this.rounds.values())
            cancel();
        this.rounds.clear();
    }
    schedule(intervalMs) {
        const wait = intervalMs - (this.clock.now() % intervalMs);
        this.rounds.set(intervalMs, this.clock.after(wait, () => this.round(intervalMs)));
    }
    round(intervalMs) {
        const due = [...this.subjects.values()].filter(({ check }) => check.intervalMs === intervalMs);
        if (due.length === 0) {
            this.rounds.delete(intervalMs);
            return;
        }
        this.schedule(intervalMs);
        for (const subject of due)
            void this.put(subject);
    }
    /** Puts the question, unless it is being asked still. */
    async put(subject) {
        if (subject.asking)
            return;
        subject.asking = true;
        const answer = await this.ask(subject.address, subject.port, subject.check.timeoutMs);
        subject.asking = false;
        if (answer === "unknown")
            return; // it says something about us, and nothing about the target
        subject.why = answer;
        if (subject.health.note(answer === "answers"))
            for (const listener of [...subject.listeners])
                listener(subject.health.up, answer);
    }
}
//# sourceMappingURL=health.js.map