import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { watchNodes } from "../../../src/control/network/node-watch.js";
import type { NodeRow, StrangerRow } from "../../../src/engine/views.js";
import { setLogSink } from "../../../src/log.js";

let said: string[] = [];
beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  setLogSink((_, message) => said.push(message));
});
afterEach(() => {
  setLogSink(() => {});
  vi.useRealTimers();
});

it("names who is no node once, unless he has become one, and again after a day or when he was forgotten; and says of nodes what is new", async () => {
  const row = { address: "192.0.2.2", endpoints: 1, rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, refused: 0, unopened: 0, noKey: 0 };
  let nodes: NodeRow[] = [{ ...row, refused: 3 }];
  let strangers: StrangerRow[] = [
    { address: "192.0.2.9", datagrams: 5 },
    { address: "192.0.2.2", datagrams: 1 }, // before the store told of it
  ];
  const end = watchNodes({ nodes: async () => nodes, strangers: async () => strangers }, new Map([["192.0.2.2", "b"]]));
  const minute = async (): Promise<string[]> => {
    await vi.advanceTimersByTimeAsync(60_000);
    return said.splice(0);
  };
  expect(await minute()).toEqual([
    "node b (192.0.2.2) has sent 3 frames for stations or addresses that are not its own; they were dropped",
    expect.stringMatching(/^from 192\.0\.2\.9, which is no node .*, have come 5 VXLAN datagrams, which were dropped \(vxlan-node\)/),
  ]);
  strangers = [
    { address: "192.0.2.9", datagrams: 500 },
    { address: "", datagrams: 7 },
  ];
  nodes = [{ ...row, refused: 3 }];
  expect(await minute()).toEqual([expect.stringMatching(/^from further addresses that are no node .* 7 VXLAN datagrams/)]);
  expect(await minute()).toEqual([]);
  strangers = []; // forgotten
  expect(await minute()).toEqual([]);
  strangers = [{ address: "192.0.2.9", datagrams: 2 }];
  expect(await minute()).toEqual([expect.stringMatching(/^from 192\.0\.2\.9, .* have come 2 VXLAN datagrams/)]);
  strangers = [{ address: "192.0.2.9", datagrams: 9 }];
  expect(await minute()).toEqual([]);
  await vi.advanceTimersByTimeAsync(24 * 3600 * 1000);
  expect(said.splice(0)).toEqual([expect.stringMatching(/^from 192\.0\.2\.9, .* have come 7 VXLAN datagrams/)]);
  end();
  nodes = [{ ...row, refused: 9 }];
  expect(await minute()).toEqual([]);
});
