/** An endpoint's veth pair: what is made and in which order, what is left when a step fails, and pairs of other processes. */
import { expect, it, vi } from "vitest";
import type { Site } from "../../../src/control/network/site.js";
import { openVeth, quietPairs, removeStalePairs, type VethSpec } from "../../../src/control/network/veth-pair.js";
import { Undo } from "../../../src/control/undo.js";
import { shutDevice } from "../../../src/steer/device-filter.js";
import type { RouteSocket } from "../../../src/sys/rtnetlink.js";
import { parseMac } from "../../../src/wire/ethernet.js";

vi.mock("../../../src/control/device-conf.js", () => ({ closeToIpv6: () => {} }));
vi.mock("../../../src/steer/device-filter.js", () => ({ shutDevice: vi.fn() }));

const SPEC: VethSpec = { name: "eth0", nsFd: 5, mac: parseMac("02:42:0a:2c:00:09")!, mtu: 1400 };
const KEPT: VethSpec = { ...SPEC, keepAs: "tspabcdefghijk" };

interface FakeLink {
  name: string;
  kind: string;
  index: number;
}

/** A host of devices by name, and notes of what is done in order; the step that begins as `failing` fails. */
class Host {
  links: FakeLink[] = [];
  notes: string[] = [];
  failing = "nothing";
  hasVeth = true;
  /** Somebody deletes `device` right before the step that begins so. */
  vanishing = { before: "nothing", device: "" };
  private indices = 10;

  readonly socket = {
    links: () => this.links,
    link: (which: string | number) => this.links.find(({ name, index }) => name === which || index === which) ?? null,
    hasVeth: () => this.hasVeth,
    addVeth: (end: { name: string; mac: string }, peer: { name: string; mac: string; mtu: number }, nsFd: number) => {
      this.note(`pair ${end.name} ${end.mac}, ${peer.name} ${peer.mac} mtu ${peer.mtu} in ${nsFd}`);
      this.add(end.name, "veth");
    },
    setLink: (index: number, { up }: { up?: boolean }) => {
      this.note(`${up === true ? "up" : "set"} ${this.nameOf(index)}`);
      if (this.nameOf(index) === "") throw new Error("ENODEV");
    },
    deleteLink: (index: number) => {
      this.note(`delete ${this.nameOf(index)}`);
      return this.remove(index);
    },
    deleteClsact: () => this.note("delete clsact"),
  } as unknown as RouteSocket;

  readonly site = {
    socket: this.socket,
    taps: {
      outliveEnd: false,
      open: ({ name }: { name: string }, undo: Undo) => {
        const made = name.replace("%d", "0");
        this.note(`tap ${made}`);
        const { index } = this.add(made, "tun");
        undo.add("tap", () => {
          this.note(`close ${made}`);
          this.remove(index);
        });
        return { name: made, fds: [101] };
      },
    },
    ends: {
      attach: ({ end, tap }: { end: number; tap: number }) => {
        this.note(`programs ${this.nameOf(end)} ${this.nameOf(tap)}`);
        if ([end, tap].some((index) => this.nameOf(index) === "")) throw new Error("ENODEV");
        return () => this.note("no programs");
      },
    },
    host: {
      watch: (index: number) => {
        const name = this.nameOf(index);
        this.note(`watch ${name}`);
        return () => this.note(`unwatch ${name}`);
      },
    },
    remover: {
      remove: (...indices: number[]) => {
        for (const index of indices) if (this.nameOf(index) !== "") this.socket.deleteLink(index);
      },
    },
  } as unknown as Site;

  note(text: string): void {
    const { before, device } = this.vanishing;
    if (text.startsWith(before)) this.links = this.links.filter(({ name }) => name !== device);
    if (text.startsWith(this.failing)) {
      this.failing = "nothing";
      throw new Error(`cannot ${text}`);
    }
    this.notes.push(text);
  }

  add(name: string, kind: string): FakeLink {
    const made = { name, kind, index: this.indices++ };
    this.links.push(made);
    return made;
  }

  nameOf(index: number): string {
    return this.links.find((link) => link.index === index)?.name ?? "";
  }

  private remove(index: number): boolean {
    const before = this.links.length;
    this.links = this.links.filter((link) => link.index !== index);
    return this.links.length < before;
  }
}

const MADE = [
  "tap tspe0",
  "pair tspv0 06:42:0a:2c:00:09, eth0 02:42:0a:2c:00:09 mtu 1400 in 5",
  "programs tspv0 tspe0",
  "set tspe0",
  "set tspv0",
  "up tspe0",
  "up tspv0",
  "watch tspv0",
  "watch tspe0",
];

it("is made with its programs on before it is up, both of its devices on the host are watched, and ends with nothing left", async () => {
  const host = new Host();
  const undo = new Undo();
  const { end, tap } = openVeth(host.site, SPEC, undo, () => {});
  expect([host.nameOf(end!), tap.name]).toEqual(["tspv0", "tspe0"]);
  expect(host.notes.splice(0)).toEqual(MADE);
  await undo.run();
  expect(host.notes).toEqual(["unwatch tspe0", "unwatch tspv0", "delete tspv0", "delete tspe0", "close tspe0", "no programs"]);
  expect(host.links).toEqual([]);
});

it.each(MADE.map((step) => step.split(" ").slice(0, 2).join(" ")))("is undone whole when this fails: %s", async (step) => {
  const host = new Host();
  const undo = new Undo();
  host.failing = step;
  expect(() => openVeth(host.site, SPEC, undo, () => {})).toThrow(`cannot ${step}`);
  await undo.run();
  expect(host.links).toEqual([]);
});

const WHILE_THERE = { tspe0: MADE.slice(1, 6), tspv0: MADE.slice(2, 7) }; // that the TAP is gone later its port tells
it.each(
  Object.entries(WHILE_THERE).flatMap(([device, steps]) => steps.map((step) => [device, step.split(" ").slice(0, 2).join(" ")] as const)),
)("of which somebody deletes %s right before this is said to be deleted, and nothing is left: %s", async (device, step) => {
  const host = new Host();
  const undo = new Undo();
  host.vanishing = { before: step, device };
  expect(() => openVeth(host.site, SPEC, undo, () => {})).toThrow(expect.objectContaining({ code: "TSP_ERR_NO_DEVICE" }));
  await undo.run();
  expect(host.links).toEqual([]);
});

it("is refused where the kernel has none, with what to do", async () => {
  const host = new Host();
  const undo = new Undo();
  [host.failing, host.hasVeth] = ["pair", false];
  expect(() => openVeth(host.site, SPEC, undo, () => {})).toThrow(
    expect.objectContaining({ code: "TSP_ERR_ENDPOINT", kind: "unavailable", hint: expect.stringContaining("modprobe veth") }),
  );
  await undo.run();
  expect(host.links).toEqual([]);
});

it("takes the place of one that a killed process has left under its name, but of no other device", () => {
  const host = new Host();
  const left = host.add("tspv0", "veth");
  openVeth(host.site, SPEC, new Undo(), () => {});
  expect(host.notes[1]).toBe("delete tspv0");
  expect(host.links.some(({ index }) => index === left.index)).toBe(false);
  const other = new Host();
  other.add("tspv0", "dummy");
  expect(() => openVeth(other.site, SPEC, new Undo(), () => {})).toThrow("tspv0 is a device of somebody else");
});

it("that was handed out stays when we end, shut, and is taken up by its name; one that is gone is said to be", async () => {
  const host = new Host();
  const undo = new Undo();
  openVeth(host.site, KEPT, undo, () => {}).setLasting(true);
  expect(host.notes[0]).toBe("tap tspeabcdefghijk");
  await undo.run();
  expect(host.links.map(({ name }) => name)).toEqual(["tspvabcdefghijk"]);
  expect(shutDevice).toHaveBeenCalledExactlyOnceWith(host.socket, host.links[0]!.index, undefined);
  host.notes = [];
  openVeth(host.site, { ...KEPT, existing: {} }, new Undo(), () => {});
  expect(host.notes.slice(0, 2)).toEqual(["tap tspeabcdefghijk", "programs tspvabcdefghijk tspeabcdefghijk"]);
  const none = new Host();
  const back = new Undo();
  expect(() => openVeth(none.site, { ...KEPT, existing: {} }, back, () => {})).toThrow(
    expect.objectContaining({ code: "TSP_ERR_ENDPOINT", kind: "not-found" }),
  );
  await back.run();
  expect(none.links).toEqual([]);
});

it("of another process is removed, or shut if it was handed out, only where no TAP is beside it", () => {
  const host = new Host();
  for (const name of ["tspv1", "tspv2", "tspvabcdefghijk", "tspvbcdefghijkl", "tspvother"]) host.add(name, "veth");
  for (const name of ["tspe2", "tspebcdefghijkl"]) host.add(name, "tun");
  host.add("tspv3", "dummy");
  expect(removeStalePairs(host.socket)).toEqual(["tspv1"]);
  vi.mocked(shutDevice).mockClear();
  quietPairs(host.socket);
  expect(vi.mocked(shutDevice).mock.calls.map(([, index]) => host.nameOf(index))).toEqual(["tspvabcdefghijk"]);
  // Who takes it up just then opens its TAP first, and is seen by that.
  const isTaken = vi.mocked(shutDevice).mock.calls[0]![2]!;
  expect(isTaken()).toBe(false);
  host.add("tspeabcdefghijk", "tun");
  expect(isTaken()).toBe(true);
});
