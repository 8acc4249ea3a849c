/** Published ports in a worker: from what the control side says of them to rules, and what becomes of their flows when they change. */
import type { PublishRule, RuleTarget } from "../dataplane/published-rules.js";
import type { State } from "../dataplane/state.js";
import { type Conntrack, HELD, PHASES } from "../table/conntrack.js";
import { Prefix } from "../table/prefix.js";
import { DRAINS, OUT, Selection, TAKES } from "../table/selection.js";
import { isIpv6, isUnspecified } from "../wire/address-word.js";
import { PROTO_UDP } from "../wire/ipv4.js";
import { dstPort, srcPort } from "../wire/raw.js";
import type { PublishedRange, PublishedTarget } from "./messages.js";

export class Rules {
  /** `flush` ends the flows for which `matches` holds. */
  constructor(
    private readonly state: State,
    private readonly flush: (matches: (id: number) => boolean) => unknown,
  ) {}

  /** A rule that has the number already gives way; flows that it has opened stay. */
  publish(id: number, { hostIp, targets, selection, ...rest }: PublishedRange): void {
    const taken = this.take(targets);
    const rule: PublishRule = {
      ...rest,
      hostIp: this.state.addresses.take(hostIp),
      targets: taken,
      takers: takersOf(taken),
      selection: selection === null ? null : new Selection(selection),
    };
    const before = this.state.published.remove(id);
    this.state.published.add(id, rule);
    this.state.published.targetsChanged(before?.targets ?? [], rule.targets);
    if (before !== null) this.release(before);
  }

  withdraw(id: number): void {
    const rule = this.state.published.remove(id);
    if (rule === null) return;
    this.state.published.targetsChanged(rule.targets, []);
    const { conntrack } = this.state;
    this.flush((flow) => rule.targets.some((target) => isOfRule(conntrack, rule, target, flow)));
    this.release(rule);
  }

  /** Other targets, or duties. What a new duty says of the flows that a target has is done at once. */
  retarget(id: number, published: readonly PublishedTarget[]): void {
    const { conntrack } = this.state;
    const rule = this.state.published.get(id);
    if (rule === undefined) return;
    const before = rule.targets;
    rule.targets = this.take(published);
    rule.takers = takersOf(rule.targets);
    this.state.published.targetsChanged(before, rule.targets);
    const ending = before.flatMap((target) => {
      const duty = rule.targets.find((other) => other.id === target.id)?.duty ?? OUT;
      return duty === target.duty || duty === TAKES || duty === DRAINS ? [] : [{ target, all: duty === OUT }];
    });
    if (ending.length > 0)
      this.flush((flow) =>
        ending.some(({ target, all }) => isOfRule(conntrack, rule, target, flow) && (all || mayGoElsewhere(conntrack, flow))),
      );
    this.releaseTargets(before);
  }

  private take(targets: readonly PublishedTarget[]): RuleTarget[] {
    const { addresses } = this.state;
    return targets.map(({ address, snatSource, onlink, ...rest }) => ({
      ...rest,
      address: addresses.take(address),
      snatSource: addresses.take(snatSource),
      onlink: new Prefix(onlink),
    }));
  }

  private release({ hostIp, targets }: PublishRule): void {
    this.state.addresses.release(hostIp);
    this.releaseTargets(targets);
  }

  private releaseTargets(targets: readonly RuleTarget[]): void {
    for (const { address, snatSource } of targets) for (const word of [address, snatSource]) this.state.addresses.release(word);
  }
}

function takersOf(targets: readonly RuleTarget[]): RuleTarget[] {
  return targets.filter(({ duty }) => duty === TAKES);
}

/** Whether the flow was opened to the rule's target, by a client or from the target's published port (`source-port.ts`). */
function isOfRule(conntrack: Conntrack, rule: PublishRule, target: RuleTarget, flow: number): boolean {
  return leadsTo(conntrack, rule, target, flow, 0) || leadsTo(conntrack, rule, target, flow, 1);
}

/**
 * Whether packets of direction `dir` of the flow come in at one of the rule's ports, and leave for the target's: direction 0 where a client has opened
 * it, 1 where the target has. Those that an endpoint sends to the target itself are not the rule's, though the port may be the same.
 */
function leadsTo(conntrack: Conntrack, rule: PublishRule, target: RuleTarget, flow: number, dir: 0 | 1): boolean {
  const { proto, firstPort, lastPort } = rule;
  const other = dir === 0 ? 1 : 0;
  const port = dstPort(conntrack.tuple(flow, dir, 2));
  return (
    conntrack.protocol(flow) === proto &&
    port >= firstPort &&
    port <= lastPort &&
    conntrack.tuple(flow, other, 0) === target.address &&
    srcPort(conntrack.tuple(flow, other, 2)) === target.port + port - firstPort &&
    isRuleAddress(rule, target, conntrack.tuple(flow, dir, 1))
  );
}

function isRuleAddress({ hostIp }: PublishRule, target: RuleTarget, address: number): boolean {
  if (!isUnspecified(hostIp)) return address === hostIp;
  return isIpv6(address) === isIpv6(hostIp) && address !== target.address;
}

/**
 * Whether a flow loses nothing if its next packet opens it anew, at another target: nobody has answered it yet, it is over, or it is datagrams, whose
 * sender may never notice that nobody answers.
 */
function mayGoElsewhere(conntrack: Conntrack, flow: number): boolean {
  return conntrack.protocol(flow) === PROTO_UDP || PHASES[conntrack.state(flow)] !== HELD;
}
