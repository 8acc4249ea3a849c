/**
 * When the rows of `table/conntrack.ts` die, and which of them has been silent for longest. Links of the lists lie in the rows. Time: seconds, passed in.
 *
 * Flows that are HELD are in a timer wheel: one bucket a second, `WHEEL_SIZE` of them, longer time-outs refused. A packet only stores a new
 * deadline; the wheel looks at an entry when its old deadline comes, and either hands it out or puts it where the new one is.
 *
 * The others are in one list a state, in the order of their last packet. Of one state all have one time-out, so the order is that of their
 * deadlines too: the first is the next to die, and the first to go when room is wanted (`dataplane/make-room.ts`). A packet moves its flow
 * to the end, but only once in a second.
 */
import { DEADLINE, HELD, NEXT, PHASES, PREV, ROW_SHIFT, STATE } from "./flow-row.js";
const WHEEL_SIZE = 8192;
export const MAX_TIMEOUT = WHEEL_SIZE - 2;
export const NONE = -1;
/** Value of PREV for the first entry of a list: list n is `HEAD - n`. */
const HEAD = -2;
/** Number of the list of state 0; before it come the buckets. */
const LISTS = WHEEL_SIZE;
export class Ageing {
    constructor(rows, timeouts) {
        this.rows = rows;
        this.timeouts = timeouts;
        /** The last `expire` left some for the next one. */
        this.behind = false;
        this.tick = -1; // second up to which the wheel has been worked off
        this.first = new Int32Array(WHEEL_SIZE + timeouts.length).fill(NONE);
        this.last = new Int32Array(timeouts.length).fill(NONE);
    }
    /** The row of this state that has been silent for longest, or -1. Not for states that are HELD. */
    oldest(state) {
        return this.first[LISTS + state];
    }
    /** Starts the row's time-out afresh, as its state says. */
    start(id, now) {
        const row = id << ROW_SHIFT;
        const state = (this.rows[row + STATE] >> 8) & 0xff;
        this.rows[row + DEADLINE] = now + this.timeouts[state];
        if (PHASES[state] === HELD)
            this.linkToBucket(id);
        else
            this.linkToList(id, state);
    }
    /** A packet has come: the time-out starts afresh. */
    refresh(id, now) {
        const row = id << ROW_SHIFT;
        const state = (this.rows[row + STATE] >> 8) & 0xff;
        const deadline = now + this.timeouts[state];
        if (this.rows[row + DEADLINE] === deadline)
            return;
        this.rows[row + DEADLINE] = deadline;
        if (PHASES[state] === HELD)
            return;
        this.stop(id);
        this.linkToList(id, state);
    }
    /** Takes the row out, before its state changes. */
    stop(id) {
        const { rows, first } = this;
        const row = id << ROW_SHIFT;
        const next = rows[row + NEXT], prev = rows[row + PREV];
        if (prev <= HEAD)
            first[HEAD - prev] = next;
        else
            rows[(prev << ROW_SHIFT) + NEXT] = next;
        if (next !== NONE) {
            rows[(next << ROW_SHIFT) + PREV] = prev;
            return;
        }
        const state = (rows[row + STATE] >> 8) & 0xff;
        if (PHASES[state] !== HELD)
            this.last[state] = prev <= HEAD ? NONE : prev;
    }
    /**
     * Collects up to `out.length` rows whose time has come by `now` into `out`; the caller takes each out, or gives it a later deadline, before the next call.
     * Looks at `budget` rows of the wheel at most, so that a great many at once do not stop the packets; then the next call goes on.
     */
    expire(now, out, budget) {
        if (this.tick >= now && !this.behind)
            return 0;
        if (this.tick < now - WHEEL_SIZE)
            this.tick = now - WHEEL_SIZE; // once round finds all; twice would find some twice
        let found = this.expireLists(now, out);
        found = this.expireWheel(now, out, found, budget);
        this.behind = this.tick < now || found === out.length;
        return found;
    }
    expireLists(now, out) {
        const { rows, first } = this;
        let found = 0;
        for (let list = LISTS; list < first.length; list++) {
            let id = first[list];
            while (id !== NONE && found < out.length && rows[(id << ROW_SHIFT) + DEADLINE] <= now) {
                out[found++] = id;
                id = rows[(id << ROW_SHIFT) + NEXT];
            }
        }
        return found;
    }
    expireWheel(now, out, alreadyFound, rowsAtMost) {
        const { rows, first } = this;
        let found = alreadyFound;
        let budget = rowsAtMost;
        while (this.tick < now && budget > 0) {
            let id = first[(this.tick + 1) & (WHEEL_SIZE - 1)];
            while (id !== NONE && budget > 0 && found < out.length) {
                const next = rows[(id << ROW_SHIFT) + NEXT];
                budget--;
                if (rows[(id << ROW_SHIFT) + DEADLINE] <= now)
                    out[found++] = id;
                else {
                    this.stop(id);
                    this.linkToBucket(id);
                }
                id = next;
            }
            if (id !== NONE)
                break; // the rest of this bucket with the next call: what was found is gone by then
            this.tick++;
        }
        return found;
    }
    /** Puts the row into the bucket of its deadline. */
    linkToBucket(id) {
        const { rows, first } = this;
        const row = id << ROW_SHIFT;
        const bucket = rows[row + DEADLINE] & (WHEEL_SIZE - 1);
        const next = first[bucket];
        rows[row + NEXT] = next;
        rows[row + PREV] = HEAD - bucket;
        if (next !== NONE)
            rows[(next << ROW_SHIFT) + PREV] = id;
        first[bucket] = id;
    }
    /** Puts the row at the end of its state's list. */
    linkToList(id, state) {
        const { rows, first, last } = this;
        const row = id << ROW_SHIFT;
        const before = last[state];
        rows[row + NEXT] = NONE;
        rows[row + PREV] = before === NONE ? HEAD - LISTS - state : before;
        if (before === NONE)
            first[LISTS + state] = id;
        else
            rows[(before << ROW_SHIFT) + NEXT] = id;
        last[state] = id;
    }
}
//# sourceMappingURL=ageing.js.map