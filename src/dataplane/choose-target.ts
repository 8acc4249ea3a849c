/**
 * Which of a published port's targets a new flow goes to (`table/selection.ts`): once a flow, and never again. So all that comes in one connection
 * goes to one target, requests that are kept alive too.
 *
 * A target that takes none, since it is down or being drained, gets none, whatever a client had before. Nor does one whose endpoint has just
 * ended, of which the control side will say so in a moment. Where none is left the flow is refused (`refuse-opening.ts`).
 */
import type { Batch } from "../mem/batch.js";
import * as ct from "../table/conntrack.js";
import { type Selection, TAKES } from "../table/selection.js";
import { isIpv6, rowOf } from "../wire/address-word.js";
import { PROTO_SCTP, PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, tcpFlags } from "../wire/l4.js";
import { dstPort, rawHalf } from "../wire/raw.js";
import type { PublishRule, RuleTarget } from "./published-rules.js";
import { portOf } from "./remote-forward.js";
import { evict } from "./retire.js";
import type { State } from "./state.js";
import { isOpening } from "./track-sctp.js";

/** The target for a new flow of the client with the address `src`; null: none takes it. */
export function chooseTarget(state: State, rule: PublishRule, src: number): RuleTarget | null {
  const { takers, selection } = rule;
  if (selection === null) return takers[0]!;
  if (takers.length === 0) return null;
  const client = clientOf(state, selection, src);
  const first = selection.pick(client, takers, state.now);
  for (let n = 0; n < takers.length; n++) {
    const target = takers[(first + n) % takers.length]!;
    if (target.network !== -1 && portOf(state, target.address, target.network) === -1) continue;
    if (n > 0) selection.note(client, target.id, state.now);
    return target;
  }
  return null;
}

/** The rule's target with that address and port (raw half) for `port`, host order, of the host; null: it is none. */
export function targetOf(rule: PublishRule, address: number, targetPort: number, port: number): RuleTarget | null {
  const { targets, firstPort } = rule;
  for (let k = 0; k < targets.length; k++) {
    const target = targets[k]!;
    if (target.address === address && rawHalf(target.port + port - firstPort) === targetPort) return target;
  }
  return null;
}

/** Flow `id`, of a client that was led to `target` before, is known from now on. */
export function noteTarget(state: State, rule: PublishRule, src: number, target: RuleTarget, when: number): void {
  if (rule.selection !== null) rule.selection.note(clientOf(state, rule.selection, src), target.id, when);
}

function clientOf({ addresses }: State, selection: Selection, src: number): number {
  if (!isIpv6(src)) return src;
  const at = rowOf(src) << 2;
  return selection.clientOfIpv6(addresses.words[at]!, addresses.words[at + 1]!);
}

/**
 * Whether packet `i` of flow `id` opens a new connection where an old one has ended, to a port with several targets: that is a new flow, which may
 * go elsewhere. Then the old one has ended.
 */
export function opensAnother(b: Batch, i: number, state: State, id: number): boolean {
  const { conntrack } = state;
  if (ct.PHASES[conntrack.state(id)] !== ct.CLOSED || !conntrack.isPublished(id)) return false;
  const proto = b.proto[i]!;
  if (proto === PROTO_TCP ? !isSyn(b, i) : proto === PROTO_SCTP ? !isOpening(b, i) : proto !== PROTO_UDP) return false;
  const rule = state.published.at(b.dst[i]!, b.ports[i]! >>> 16, proto);
  if (rule === null || rule.selection === null) return false;
  if (proto === PROTO_UDP) {
    // A query: answers to others from the same port may be on their way.
    const target = targetOf(rule, conntrack.tuple(id, 1, 0), conntrack.tuple(id, 1, 2) & 0xffff, dstPort(b.ports[i]!));
    if (target !== null && target.duty === TAKES) return false;
  }
  evict(b, state, id);
  return true;
}

function isSyn(b: Batch, i: number): boolean {
  return (tcpFlags(b.memory.bytes, b.l4[i]!) & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) === TCP_SYN;
}
