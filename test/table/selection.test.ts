import { describe, expect, it } from "vitest";
import { CLIENTS, Selection, selectionMemory } from "../../src/table/selection.js";

const targets = (...ids: number[]): { id: number }[] => ids.map((id) => ({ id }));
const THREE = targets(1, 2, 3);
const NEVER = 0;

describe("without affinity", () => {
  it("targets have turns, whoever comes, and in whichever worker", () => {
    const memory = selectionMemory(0, 7);
    const [one, other] = [new Selection(memory), new Selection(memory)];
    expect([one, other, other, one, other, one].map((worker) => worker.pick(9, THREE, NEVER))).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it("those that are left share the turns of one that is gone evenly", () => {
    const selection = new Selection(selectionMemory(0, 7));
    const counts = [0, 0];
    for (let n = 0; n < 100; n++) counts[selection.pick(n, targets(1, 3), NEVER)]!++;
    expect(counts).toEqual([50, 50]);
  });
});

describe("with affinity", () => {
  const SEC = 600;

  it("a client keeps its target, new clients have turns, in all workers", () => {
    const memory = selectionMemory(SEC, 7);
    const [one, other] = [new Selection(memory), new Selection(memory)];
    expect([10, 20, 30].map((client) => one.pick(client, THREE, 1000))).toEqual([0, 1, 2]);
    expect([30, 10, 20, 10].map((client) => other.pick(client, THREE, 1001))).toEqual([2, 0, 1, 0]);
  });

  it("lasts for the time since the client's last flow", () => {
    const selection = new Selection(selectionMemory(SEC, 7));
    const pick = (now: number): number => selection.pick(10, THREE, now);
    expect([pick(1000), pick(1000 + SEC - 1), pick(1000 + 2 * SEC - 2)]).toEqual([0, 0, 0]);
    expect(pick(1000 + 3 * SEC - 2)).toBe(1);
  });

  it("does not stick to a target that takes none; the client stays where it then went", () => {
    const selection = new Selection(selectionMemory(SEC, 7));
    expect(selection.pick(10, THREE, 1000)).toBe(0);
    expect(targets(2, 3)[selection.pick(10, targets(2, 3), 1001)]!.id).toBe(3);
    expect(THREE[selection.pick(10, THREE, 1002)]!.id).toBe(3);
  });

  it("goes on from what is noted, an older note not going before a newer one", () => {
    const selection = new Selection(selectionMemory(SEC, 7));
    selection.note(10, 3, 900);
    selection.note(10, 2, 800);
    expect(selection.pick(10, THREE, 1000)).toBe(2);
  });

  it("knows a bounded number of clients: who was away for longest makes room", () => {
    const selection = new Selection(selectionMemory(SEC, 7));
    const first = Array.from({ length: 2 * CLIENTS }, (_, client) => selection.pick(client, THREE, 1000 + (client >> 10)));
    const recent = 2 * CLIENTS - 1000;
    const kept = first.slice(recent).filter((index, i) => selection.pick(recent + i, THREE, 1040) === index).length;
    expect(kept).toBeGreaterThan(990);
  });

  it("has one client for all addresses of an IPv6 network of 64 bits", () => {
    const selection = new Selection(selectionMemory(SEC, 7));
    expect(selection.clientOfIpv6(1, 2)).toBe(selection.clientOfIpv6(1, 2));
    expect(new Set([selection.clientOfIpv6(1, 2), selection.clientOfIpv6(2, 1), selection.clientOfIpv6(1, 3)]).size).toBe(3);
  });

  it("takes turns, and remembers nothing, while another worker holds the lock", () => {
    const memory = selectionMemory(SEC, 7);
    const selection = new Selection(memory);
    new Int32Array(memory)[1] = 1;
    expect([10, 10, 10].map((client) => selection.pick(client, THREE, 1000))).toEqual([0, 1, 2]);
  });
});
