/**
 * Which of a published port's targets a new flow goes to (`table/selection.ts`): once a flow, and never again. So all that comes in one connection
 * goes to one target, requests that are kept alive too.
 *
 * A target that takes none, since it is down or being drained, gets none, whatever a client had before. Nor does one whose endpoint has just
 * ended, of which the control side will say so in a moment. Where none is left the flow is refused (`refuse-opening.ts`).
 */
import type { Batch } from "../mem/batch.js";
import type { PublishRule, RuleTarget, State } from "./state.js";
/** The target for a new flow of the client with the address `src`; null: none takes it. */
export declare function chooseTarget(state: State, rule: PublishRule, src: number): RuleTarget | null;
/** The rule's target with that address and port (raw half) for `port`, host order, of the host; null: it is none. */
export declare function targetOf(rule: PublishRule, address: number, targetPort: number, port: number): RuleTarget | null;
/** Flow `id`, of a client that was led to `target` before, is known from now on. */
export declare function noteTarget(state: State, rule: PublishRule, src: number, target: RuleTarget, when: number): void;
/**
 * Whether packet `i` of flow `id` opens a new connection where an old one has ended, to a port with several targets: that is a new flow, which may
 * go elsewhere. Then the old one has ended.
 */
export declare function opensAnother(b: Batch, i: number, state: State, id: number): boolean;
