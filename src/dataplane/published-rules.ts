/** Published ports as the stages ask for them: which rule a packet is for, and what an inside endpoint is published as. Addresses are words. */
import { PairMap } from "../table/pair-map.js";
import type { Prefix } from "../table/prefix.js";
import type { Selection } from "../table/selection.js";
import * as word from "../wire/address-word.js";
import { rawHalf } from "../wire/raw.js";

/** Where a published port leads. */
export interface RuleTarget {
  /** 1 and more; the same for as long as the port is published, and no other target's of it. */
  id: number;
  address: number;
  /** Its port, host order, for the rule's first port; the others follow. */
  port: number;
  /** TAKES and so on, of `table/selection.ts`. */
  duty: number;
  /** Own network that the target is an endpoint of; -1: the host's kernel reaches it. */
  network: number;
  /** Address that the target sees instead of a client that it could not answer through us (see `admit.ts`): the host's, next to the target. */
  snatSource: number;
  /** Network that the target shares with `snatSource`: clients in it would be answered directly. */
  onlink: Prefix;
}

/** A published port or range of them. Ports in host order. */
export interface PublishRule {
  proto: number;
  /** 0: any of the host's IPv4 addresses; the handle of ::, any of its IPv6 addresses. */
  hostIp: number;
  firstPort: number;
  lastPort: number;
  targets: readonly RuleTarget[];
  /** Those of them that take new flows. */
  takers: readonly RuleTarget[];
  /** Which of several targets is next; null: there is one alone, and never more. */
  selection: Selection | null;
  /** Place where the steering programs count what they carry of its flows (`steer/carried.ts`); default: 0. */
  carried?: number | undefined;
}

export class PublishedRules {
  /** (host address, raw port and protocol) to the rule's number. */
  private readonly byPort: PairMap;
  /** By the control side's number. */
  private readonly rules = new Map<number, PublishRule>();
  /** By target, of those that lead to one alone, in the order in which they were published. */
  private readonly rulesOf = new Map<number, PublishRule[]>();
  /** Addresses of all of them, and how many targets have each. */
  private readonly targets = new Map<number, number>();

  /** `anyIpv6`: handle of ::, held. `seed`: int32. `onTargets`: there are other targets than before. */
  constructor(
    private readonly anyIpv6: number,
    seed: number,
    private readonly onTargets: () => void,
  ) {
    this.byPort = new PairMap(seed);
  }

  /** Whether published ports lead to the address. */
  isTarget(address: number): boolean {
    return address !== word.NO_ADDRESS && this.targets.has(address);
  }

  /** Rules have other targets, or there are others: so what the kernel carries past them is decided anew. */
  targetsChanged(before: readonly RuleTarget[], after: readonly RuleTarget[]): void {
    const { targets } = this;
    for (const { address } of after) targets.set(address, (targets.get(address) ?? 0) + 1);
    for (const { address } of before) {
      const others = targets.get(address)! - 1;
      if (others === 0) targets.delete(address);
      else targets.set(address, others);
    }
    this.onTargets();
  }

  /** Publishes `rule` under the number that the control side gave it, 0..2^31-1, which no other rule may have. */
  add(id: number, rule: PublishRule): void {
    this.rules.set(id, rule);
    if (rule.selection === null) this.addRuleOf(rule.targets[0]!.address, rule);
    for (let port = rule.firstPort; port <= rule.lastPort; port++) this.byPort.set(rule.hostIp, rawHalf(port) | (rule.proto << 16), id);
  }

  /** The rule that had the number, or null. Its flows are not touched. */
  remove(id: number): PublishRule | null {
    const rule = this.rules.get(id);
    if (rule === undefined) return null;
    for (let port = rule.firstPort; port <= rule.lastPort; port++) {
      const key = rawHalf(port) | (rule.proto << 16);
      if (this.byPort.get(rule.hostIp, key) === id) this.byPort.delete(rule.hostIp, key); // else it is a later rule's
    }
    this.rules.delete(id);
    if (rule.selection === null) this.removeRuleOf(rule.targets[0]!.address, rule);
    return rule;
  }

  /** The rule of that number, or undefined. */
  get(id: number): PublishRule | undefined {
    return this.rules.get(id);
  }

  private addRuleOf(target: number, rule: PublishRule): void {
    const others = this.rulesOf.get(target);
    if (others === undefined) this.rulesOf.set(target, [rule]);
    else others.push(rule);
  }

  private removeRuleOf(target: number, rule: PublishRule): void {
    const others = this.rulesOf.get(target)!;
    if (others.length === 1) this.rulesOf.delete(target);
    else others.splice(others.indexOf(rule), 1);
  }

  /**
   * Port (raw half) of the local address `outside` that `port` (raw half) of the target `inside` is published as; -1: none, or it is one of several
   * targets, so that who calls back there may come to another. Of several the first.
   */
  portOf(inside: number, port: number, proto: number, outside: number): number {
    const rules = this.rulesOf.get(inside);
    if (rules === undefined) return -1;
    const wanted = rawHalf(port);
    for (let k = 0; k < rules.length; k++) {
      const rule = rules[k]!;
      const hostPort = rule.firstPort + wanted - rule.targets[0]!.port;
      if (rule.proto !== proto || hostPort < rule.firstPort || hostPort > rule.lastPort) continue;
      const raw = rawHalf(hostPort);
      if (this.at(outside, raw, proto) === rule) return raw; // not of another address, and not hidden by a rule of this one
    }
    return -1;
  }

  /** Rule for packets to `port` (raw half) of the local address `address`, or null. */
  at(address: number, port: number, proto: number): PublishRule | null {
    let id = this.byPort.get(address, port | (proto << 16));
    if (id === -1) id = this.byPort.get(word.isIpv6(address) ? this.anyIpv6 : 0, port | (proto << 16));
    return id === -1 ? null : this.rules.get(id)!;
  }
}
