/** Keys between nodes as they come, change and go: no key has two numbers, no counter is used twice, and what is on its way can be opened. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyRing, type NodeKeys, SETTLED_MS } from "../../../src/control/network/key-ring.js";
import type { ToWorker } from "../../../src/engine/messages.js";
import { ip } from "../../support/dataplane.js";
import { IP_E, IP_R, MAC_E, MAC_R } from "../../support/overlay.js";
import * as p from "../../support/packets.js";
import { datagrams, type NodeOptions, SealedNode, sealedPair } from "../../support/sealed-pair.js";

const frame = (): Uint8Array => p.frame(MAC_R, MAC_E, p.udp({ src: IP_E, dst: IP_R }, { sport: 1, dport: 2 }));
const back = (): Uint8Array => p.frame(MAC_E, MAC_R, p.udp({ src: IP_R, dst: IP_E }, { sport: 2, dport: 1 }));
const keysIn = (written: Uint8Array[]): number[] => {
  const [d] = datagrams(written[0]!);
  return [(d![2]! << 8) | d![3]!, (d![4]! << 8) | d![5]!];
};
const newest = ({ ring }: SealedNode): number => ring.published.keys[0]!.number;

describe("a key that changes", () => {
  it("is used by the other node at once, and by its own when the other is heard to use it", () => {
    const { a, b } = sealedPair();
    const [oldA, oldB] = [newest(a), newest(b)];
    expect(b.receive(...a.send(frame()))).toHaveLength(1);
    const onItsWay = [...a.send(frame()), ...a.send(frame())];
    a.ring.rotate();
    expect(newest(a)).toBe((oldA + 1) & 0xffff);
    expect(keysIn(a.send(frame()))).toEqual([oldA, oldB]); // b may not know yet
    a.ring.told();
    b.know(a);
    const answer = b.send(back());
    expect(keysIn(answer)).toEqual([oldB, newest(a)]);
    expect(a.receive(...answer)).toHaveLength(1);
    a.ring.settle();
    const next = a.send(frame());
    expect(keysIn(next)).toEqual([newest(a), oldB]);
    expect(b.receive(...next, ...onItsWay)).toHaveLength(3);
    expect([a.d.dropTotal(), b.d.dropTotal()]).toEqual([0, 0]);
    a.ring.close();
  });

  it("is used after 30 seconds where the other sends nothing, and not before it was told", () => {
    let now = 0;
    const { a, b } = sealedPair({ now: () => now });
    const before = newest(a);
    a.ring.rotate();
    now += 10 * SETTLED_MS;
    a.ring.settle();
    expect([keysIn(a.send(frame()))[0], a.ring.canRotate]).toEqual([before, false]);
    a.ring.told();
    b.know(a);
    now += SETTLED_MS - 1;
    a.ring.settle();
    expect([keysIn(a.send(frame()))[0], a.ring.canRotate]).toEqual([before, false]);
    now += 1;
    a.ring.settle();
    const written = a.send(frame());
    expect([keysIn(written)[0], a.ring.canRotate]).toEqual([newest(a), true]);
    expect(b.receive(...written)).toHaveLength(1);
  });

  it("is waited with for as long as a node that is cut off from the store is there for the others", () => {
    let now = 0;
    const { a, b } = sealedPair({ now: () => now });
    const before = newest(a);
    a.ring.rotate();
    a.ring.told(60); // b does not know
    now += 79_999;
    a.ring.settle();
    const written = a.send(frame());
    expect([keysIn(written)[0], b.receive(...written).length, a.ring.canRotate]).toEqual([before, 1, false]);
    now += 1;
    a.ring.settle();
    expect(keysIn(a.send(frame()))[0]).toBe(newest(a));
  });

  it("takes the one before the last with it, and what is sealed with that is not opened any more", () => {
    const { a, b } = sealedPair();
    const old = b.send(back());
    for (const _ of [1, 2]) {
      a.ring.rotate();
      a.ring.told();
      b.know(a);
      a.receive(...b.send(back()));
      a.ring.settle();
    }
    expect(a.receive(...old)).toEqual([]);
    expect(b.receive(...a.send(frame()))).toHaveLength(1);
    expect(a.ring.published.keys).toHaveLength(2);
    a.ring.close();
  });
});

it("a node that goes and comes back with the same key goes on counting; a new process has another key", () => {
  const { a, b } = sealedPair();
  const first = a.send(frame());
  a.ring.setPeer(ip(b.local), undefined);
  expect(a.send(frame())).toEqual([]);
  a.know(b);
  const second = a.send(frame());
  expect([first, second].map(([bytes]) => datagrams(bytes!)[0]![15])).toEqual([0, 1]);
  expect(b.receive(...first, ...second)).toHaveLength(2);
  const restarted = new SealedNode(a.local, a.mac, a.address); // after a SIGKILL, with whatever clock
  restarted.know(b);
  b.know(restarted);
  expect(b.receive(...restarted.send(frame()))).toHaveLength(1);
  expect(b.receive(...first)).toEqual([]); // what it had sent before is of no use to anybody
  expect(restarted.ring.published.keys[0]!.bytes).not.toEqual(a.ring.published.keys[0]!.bytes);
});

it("keys that are none are not used: our own, of another length, with which there is no secret (RFC 7748 §6.1), without workers", () => {
  const { a, b } = sealedPair();
  const { keys, ...rest } = b.ring.published;
  const bad: NodeKeys[] = [
    a.ring.published,
    { ...rest, keys: [{ number: 1, bytes: new Uint8Array(32) }] },
    { ...rest, keys: [{ number: 1, bytes: new Uint8Array(31).fill(9) }] },
    { ...rest, keys: [] },
    { ...rest, keys, workers: 0 },
    { ...rest, keys, workers: 257 },
  ];
  for (const each of bad) {
    a.ring.setPeer(ip(b.local), each);
    expect([a.ring.knows(ip(b.local)), a.send(frame())]).toEqual([false, []]);
  }
  a.ring.setPeer(ip(b.local), { ...rest, keys: [a.ring.published.keys[0]!, ...keys] });
  expect(a.send(frame())).toHaveLength(1);
});

it("keeps no bytes of a key behind when the sealers have them", () => {
  const said: Uint8Array[] = [];
  const ring = new KeyRing({
    workers: 1,
    aes: true,
    post: (message) => {
      if (message.type !== "set-seal") return;
      expect(message.bytes.some((byte) => byte !== 0)).toBe(true);
      said.push(message.bytes);
    },
  });
  const { a } = sealedPair();
  ring.setPeer(ip(a.local), a.ring.published);
  expect(said.map((bytes) => p.hex(bytes))).toEqual(["00".repeat(32), "00".repeat(32)]);
  const bytes = new Uint8Array(32).fill(9);
  a.d.say({ type: "set-seal", key: 40, pair: 7, cipher: 0, bytes, windows: null });
  expect(p.hex(bytes)).toBe("00".repeat(32));
});

it("several workers have counters of their own under one key, and windows on the other side", () => {
  const one = new SealedNode("192.0.2.1", MAC_E, IP_E, { workers: 2, worker: 0 });
  const b = new SealedNode("192.0.2.2", MAC_R, IP_R);
  const ring = one.ring;
  one.know(b);
  b.know(one);
  const first = one.send(frame());
  // The second worker has the same keys, and counts from 0, too.
  (one.d.state as { worker: number }).worker = 1;
  const state = one.d.state;
  const key = state.seals.toNode(state.remotes.nodeAddress[0]!);
  state.seals.set(key, state.seals.pairOf(key), null);
  const second = one.send(frame());
  expect([first, second].map(([bytes]) => [...datagrams(bytes!)[0]!.subarray(7, 16)])).toEqual([[0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0]]); // biome-ignore format: a table
  expect(b.receive(...first, ...second)).toHaveLength(2);
  expect(b.receive(...first, ...second)).toEqual([]);
  ring.close();
});

it("whatever happens in whatever order: no key gets two numbers, and no nonce is used twice under a key", () => {
  const step = fc.constantFrom(
    "rotate a",
    "rotate b",
    "a hears b",
    "b hears a",
    "a forgets b",
    "restart b",
    "send",
    "answer",
    "settle",
    "late",
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const keyOf = new Map<string, string>();
      const nonces = new Set<string>();
      let now = 0;
      const watched = (local: string, mac: string, address: string, options: NodeOptions = {}): SealedNode => {
        const node = new SealedNode(local, mac, address, { ...options, now: () => now });
        const { site } = node.ring as unknown as { site: { post(message: ToWorker): void } };
        const { post } = site;
        site.post = (message) => {
          if (message.type === "set-seal") {
            const bytes = `${mac} ${Buffer.from(message.bytes).toString("hex")}`;
            expect(keyOf.has(bytes)).toBe(false);
            keyOf.set(bytes, "");
          }
          post(message);
        };
        const sealer = node.d.state.sealer as unknown as {
          keys: Map<number, { bytes: Uint8Array; encrypts: boolean }>;
          run(count: number): number;
          work: Int32Array;
        };
        const run = sealer.run.bind(sealer);
        sealer.run = (count) => {
          for (let n = 0; n < count; n++) {
            const key = sealer.keys.get(sealer.work[n * 4]!);
            if (!key?.encrypts) continue;
            const at = sealer.work[n * 4 + 1]!;
            const nonce = `${Buffer.from(key.bytes).toString("hex")} ${p.hex(node.d.memory.bytes.slice(at + 4, at + 16))}`;
            expect(nonces.has(nonce)).toBe(false);
            nonces.add(nonce);
          }
          return run(count);
        };
        return node;
      };
      const a = watched("192.0.2.1", MAC_E, IP_E);
      let b = watched("192.0.2.2", MAC_R, IP_R);
      a.know(b);
      b.know(a);
      let last: Uint8Array[] = [];
      for (const what of steps) {
        if (what === "rotate a") a.ring.rotate();
        if (what === "rotate b") b.ring.rotate();
        if (what === "a hears b") {
          b.ring.told();
          a.know(b);
        }
        if (what === "b hears a") {
          a.ring.told();
          b.know(a);
        }
        if (what === "a forgets b") a.ring.setPeer(ip(b.local), undefined);
        if (what === "restart b") {
          b.ring.close();
          b = watched("192.0.2.2", MAC_R, IP_R);
          b.know(a);
        }
        if (what === "send") {
          last = a.send(frame());
          b.receive(...last);
        }
        if (what === "answer") a.receive(...b.send(back()));
        if (what === "late") expect(b.receive(...last)).toEqual([]);
        if (what === "settle") {
          now += SETTLED_MS / 2;
          a.ring.settle();
          b.ring.settle();
        }
      }
      // In the end both are told, and understand each other.
      a.ring.told();
      b.ring.told();
      a.know(b);
      b.know(a);
      expect(b.receive(...a.send(frame()))).toHaveLength(1);
      expect(a.receive(...b.send(back()))).toHaveLength(1);
      a.ring.close();
      b.ring.close();
    }),
    { numRuns: 60 },
  );
});
