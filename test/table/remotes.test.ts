import { expect, it } from "vitest";
import { Addresses } from "../../src/table/addresses.js";
import { NOBODY, NODE_TX_PACKETS, Remotes } from "../../src/table/remotes.js";
import { raw } from "../support/host.js";
import { ip } from "../support/ip.js";
import { Random } from "../support/random.js";

const [N1, N2] = [raw("192.0.2.2"), raw("192.0.2.3")];
const IP1 = raw("10.9.0.5");

function made(): { remotes: Remotes; addresses: Addresses } {
  const addresses = new Addresses(1024, new Random(1).int32);
  return { remotes: new Remotes(addresses, new Random(2).int32), addresses };
}

it("finds an endpoint by MAC and by address, in its network alone", () => {
  const { remotes } = made();
  remotes.set(1, 0x4202, 5, IP1, 0, N1);
  const id = remotes.ofMac(0x4202, 5, 1);
  expect([remotes.ofAddress(IP1, 1), remotes.nodeAddress[remotes.node[id]!]]).toEqual([id, N1]);
  expect([remotes.ofMac(0x4202, 5, 2), remotes.ofAddress(IP1, 2), remotes.ofMac(0x4202, 6, 1)]).toEqual([NOBODY, NOBODY, NOBODY]);
});

it("a node is there as long as an endpoint is behind it, and its counters start afresh", () => {
  const { remotes } = made();
  remotes.set(1, 0, 1, 0, 0, N1);
  remotes.set(2, 0, 2, 0, 0, N1);
  remotes.set(1, 0, 3, 0, 0, N2);
  remotes.count(remotes.ofNode(N1), NODE_TX_PACKETS, 7);
  expect([...remotes.nodesOf(1)].map((node) => remotes.nodeAddress[node])).toEqual([N1, N2]);
  expect(remotes.delete(1, 0, 1)).toBe(0);
  expect([...remotes.nodesOf(1)].map((node) => remotes.nodeAddress[node])).toEqual([N2]);
  expect(remotes.delete(2, 0, 2)).toBe(N1);
  expect([remotes.ofNode(N1), [...remotes.nodes()].length]).toEqual([NOBODY, 1]);
  remotes.set(1, 0, 1, 0, 0, N1);
  expect(remotes.counts[remotes.ofNode(N1) * 5 + NODE_TX_PACKETS]).toBe(0);
});

it("an endpoint moves with its MAC; the node that it leaves is told when it was the last there", () => {
  const { remotes } = made();
  remotes.set(1, 0, 1, IP1, 0, N1);
  expect(remotes.set(1, 0, 1, IP1, 0, N1)).toBe(0); // it stays
  expect(remotes.set(1, 0, 1, IP1, 0, N2)).toBe(N1);
  expect([remotes.size, [...remotes.nodes()].map(({ address }) => address)]).toEqual([1, [N2]]);
});

it("of two with one address the later one has it, and keeps it when the other goes", () => {
  const { remotes } = made();
  remotes.set(1, 0, 1, IP1, 0, N1);
  remotes.set(1, 0, 2, IP1, 0, N2);
  expect(remotes.ofAddress(IP1, 1)).toBe(remotes.ofMac(0, 2, 1));
  remotes.delete(1, 0, 1);
  expect(remotes.ofAddress(IP1, 1)).toBe(remotes.ofMac(0, 2, 1));
});

it("a network goes with all its endpoints; nodes that have some elsewhere stay", () => {
  const { remotes } = made();
  for (let n = 0; n < 300; n++) remotes.set(1, 1, n, n + 1, 0, N1);
  remotes.set(1, 0, 1, 0, 0, N2);
  remotes.set(2, 0, 1, 0, 0, N2);
  expect(remotes.clearNetwork(1)).toEqual([N1]);
  expect([remotes.size, remotes.nodesOf(1).length, remotes.nodesOf(2).length]).toEqual([1, 0, 1]);
});

it("ten thousand endpoints on as many nodes, changed at random, are what a plain map says", () => {
  const { remotes } = made();
  const random = new Random(3);
  const model = new Map<string, number>();
  for (let n = 0; n < 40_000; n++) {
    const [network, mac, node] = [random.below(8), random.below(5000), random.below(10_000) + 1];
    const key = `${network} ${mac}`;
    if (random.below(3) === 0) {
      remotes.delete(network, 7, mac);
      model.delete(key);
    } else {
      remotes.set(network, 7, mac, mac + 1, 0, node);
      model.set(key, node);
    }
  }
  expect(remotes.size).toBe(model.size);
  for (const [key, node] of model) {
    const [network = 0, mac = 0] = key.split(" ").map(Number);
    expect(remotes.nodeAddress[remotes.node[remotes.ofMac(7, mac, network)]!]).toBe(node);
  }
  expect([...remotes.nodes()].map(({ address }) => address).sort()).toEqual([...new Set(model.values())].sort());
});

it("IPv6 addresses, which it has been given held, are given back", () => {
  const { remotes, addresses } = made();
  const take = (text: string): number => addresses.take(ip(text));
  remotes.set(1, 0, 1, 0, take("fd09::5"), take("2001:db8::2"));
  remotes.set(1, 0, 1, 0, take("fd09::6"), take("2001:db8::2"));
  addresses.sweep();
  expect(addresses.used).toBe(2);
  remotes.clearNetwork(1);
  addresses.sweep();
  expect(addresses.used).toBe(0);
});
