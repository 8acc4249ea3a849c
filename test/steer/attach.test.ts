import fs from "node:fs";
import os from "node:os";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { log } from "../../src/log.js";
import { Attacher } from "../../src/steer/attach.js";
import * as bpf from "../../src/sys/bpf.js";
import type { FdStore } from "../../src/sys/fd-store.js";
import type { RouteSocket } from "../../src/sys/rtnetlink.js";

vi.mock("../../src/sys/bpf.js", async (original) => ({
  ...(await original<typeof bpf>()),
  loadProgram: vi.fn(),
  createMap: vi.fn(),
  updateElement: vi.fn(),
  createTcxLink: vi.fn(),
  hasTcx: vi.fn(),
  apart: vi.fn(),
  updateLink: vi.fn(),
  mapOfProgram: vi.fn(),
  getElement: vi.fn(),
}));

/** A descriptor like any other. */
const open = (): number => fs.openSync("/dev/null", "r");
function isOpen(fd: number): boolean {
  return fs.existsSync(`/proc/self/fd/${fd}`);
}

/** Above any process number of Linux. */
const NOBODY = 2 ** 22 + 1;
const PROGRAM = 1_000,
  OTHER = 1_001;

/** Programs, maps and links are descriptors; the host's devices take filters. */
function host({ foreign = false, refused = false } = {}) {
  const filters = new Map<string, { handle: number; name: string; priority: number; chain: number; program: number }[]>();
  const at = (ifindex: number, direction: string) => filters.get(`${ifindex} ${direction}`) ?? [];
  const qdiscs = new Set<number>(foreign ? [2, 3] : []);
  /** Qdiscs that came and went, as the kernel tells it. */
  const changes: string[] = [];
  let handle = 0;
  const socket = {
    addClsact: (ifindex: number) => {
      const isNew = !qdiscs.has(ifindex);
      if (isNew) changes.push(`+${ifindex}`);
      qdiscs.add(ifindex);
      return isNew;
    },
    deleteClsact: (ifindex: number) => {
      changes.push(`-${ifindex}`);
      return qdiscs.delete(ifindex);
    },
    link: (ifindex: number) => ({ index: ifindex }),
    hasFilters: (ifindex: number, direction: string) => at(ifindex, direction).length > 0,
    bpfFilters: at,
    addBpfFilter: (ifindex: number, direction: string, program: number, name: string, priority: number, chain = 0) => {
      if (refused) throw new Error("no cls_bpf");
      filters.set(`${ifindex} ${direction}`, [...at(ifindex, direction), { handle: ++handle, name, priority, chain, program }]);
      return handle;
    },
    deleteBpfFilter: (ifindex: number, _priority: number, gone: number, direction: string) => {
      filters.set(
        `${ifindex} ${direction}`,
        at(ifindex, direction).filter((filter) => filter.handle !== gone),
      );
      return true;
    },
  };
  return { socket: socket as unknown as RouteSocket, at, qdiscs, changes };
}

/** What was made, by kind, and what was last put into each array. */
const made: { maps: number[]; links: number[]; entered: Map<number, number> } = { maps: [], links: [], entered: new Map() };
beforeEach(() => {
  vi.clearAllMocks();
  Object.assign(made, { maps: [], links: [], entered: new Map() });
  const making = (list: number[]) => (): number => {
    list.push(open());
    return list.at(-1)!;
  };
  vi.mocked(bpf.loadProgram).mockImplementation(open);
  vi.mocked(bpf.createMap).mockImplementation(making(made.maps));
  vi.mocked(bpf.createTcxLink).mockImplementation(making(made.links));
  vi.mocked(bpf.apart).mockImplementation(async () => making(made.links)());
  vi.mocked(bpf.updateElement).mockImplementation(
    (map, _key, value) => void made.entered.set(map, new DataView(value.buffer).getUint32(0, true)),
  );
  vi.mocked(bpf.updateLink).mockReturnValue(true);
  vi.mocked(bpf.hasTcx).mockReturnValue(true);
});

/** Those of `made.maps` that are open; a link may have got the number of one that is not. */
const openMaps = (): number[] => made.maps.filter((fd) => isOpen(fd) && !made.links.includes(fd));

describe("Attacher that makes links later", () => {
  const later = { linksLater: true };

  it("puts filters first, and then links with the programs that are in force in their place", async () => {
    const { socket, at, qdiscs, changes } = host();
    const attacher = new Attacher(socket, true, undefined, later);
    const ingress = attacher.attach(2, PROGRAM);
    attacher.attach(2, OTHER, "egress");
    expect(at(2, "ingress")).toMatchObject([{ name: `tsproxy-${process.pid}-qdisc` }]);
    expect([...made.entered.values()]).toEqual([PROGRAM, OTHER]);
    expect(made.links).toEqual([]);
    expect(ingress.replace(OTHER)).toBe(true);
    expect(made.entered.get(made.maps[0]!)).toBe(OTHER);

    await attacher.makeLinks();
    expect(vi.mocked(bpf.updateLink).mock.calls).toEqual(made.links.map((link) => [link, OTHER]));
    expect(at(2, "ingress")).toMatchObject([{ name: `tsproxy-${process.pid}-qdisc`, chain: 0x7450 }]); // no packet comes there
    expect([at(2, "egress"), [...qdiscs]]).toEqual([[], [2]]);
    expect(openMaps()).toEqual([made.maps[2]]); // of the filter that is left
    expect(ingress.replace(PROGRAM)).toBe(true);
    expect(bpf.updateLink).toHaveBeenLastCalledWith(made.links[0], PROGRAM);
    ingress.detach();
    expect(made.links.map(isOpen)).toEqual([false, true]);
    attacher.close();
    expect([at(2, "ingress"), changes, openMaps()]).toEqual([[], ["+2", "-2"], []]);
  });

  it("makes at once what is attached after that", async () => {
    const { socket, at } = host();
    const attacher = new Attacher(socket, true, undefined, later);
    await attacher.makeLinks();
    expect(attacher.attach(2, PROGRAM).mode).toBe("tcx");
    expect(bpf.createTcxLink).toHaveBeenCalledExactlyOnceWith(PROGRAM, 2, "ingress");
    expect(at(2, "ingress")).toEqual([]);
  });

  it("makes at once what is to come before other links", async () => {
    const { socket, at } = host();
    const attacher = new Attacher(socket, true, undefined, later);
    expect(attacher.attach(2, PROGRAM, "egress", { name: "first", atOnce: true }).mode).toBe("tcx");
    expect([bpf.createTcxLink, bpf.apart].map((call) => vi.mocked(call).mock.calls.length)).toEqual([1, 0]);
    expect(at(2, "egress")).toEqual([]);
    await attacher.makeLinks();
    expect(bpf.apart).not.toHaveBeenCalled();
  });

  it.each([
    ["somebody else has filters there", { foreign: true }],
    ["the kernel has no filters", { refused: true }],
  ])("makes links at once where %s", async (_, given) => {
    const { socket } = host(given);
    const attacher = new Attacher(socket, true, undefined, later);
    expect(attacher.attach(2, PROGRAM).mode).toBe("tcx");
    expect(openMaps()).toEqual([]);
    await attacher.makeLinks();
    expect(bpf.createTcxLink).toHaveBeenCalledTimes(1);
    expect(bpf.apart).not.toHaveBeenCalled();
  });

  it("goes on with the filter where the kernel makes no link, or does not take the program", async () => {
    const { socket, at } = host();
    const attacher = new Attacher(socket, true, undefined, later);
    attacher.attach(2, PROGRAM);
    const second = attacher.attach(3, PROGRAM);
    vi.mocked(bpf.apart).mockResolvedValueOnce(-19);
    vi.mocked(bpf.updateLink).mockReturnValueOnce(false);
    await attacher.makeLinks();
    expect([at(2, "ingress"), at(3, "ingress")].map((filters) => filters.length)).toEqual([1, 1]);
    expect(made.links.map(isOpen)).toEqual([false]);
    expect(second.replace(OTHER)).toBe(true);
    expect(made.entered.get(made.maps[1]!)).toBe(OTHER);
  });

  it("goes on with the program that there is where the kernel takes no other", () => {
    const attached = new Attacher(host().socket, true, undefined, later).attach(2, PROGRAM);
    vi.mocked(bpf.updateElement).mockImplementationOnce(() => {
      throw new Error("no memory");
    });
    expect(attached.replace(OTHER)).toBe(false);
    expect(made.entered.get(made.maps[0]!)).toBe(PROGRAM);
  });

  it("makes no link of what is detached before, or while it is made", async () => {
    const { socket, at } = host();
    const attacher = new Attacher(socket, true, undefined, later);
    const meanwhile = attacher.attach(2, PROGRAM);
    attacher.attach(3, PROGRAM).detach();
    const making = attacher.makeLinks();
    meanwhile.detach();
    attacher.close();
    await making;
    expect(bpf.apart).toHaveBeenCalledTimes(1);
    expect(bpf.updateLink).not.toHaveBeenCalled();
    expect([...made.maps, ...made.links].filter(isOpen)).toEqual([]);
    expect([at(2, "ingress"), at(3, "ingress")]).toEqual([[], []]);
  });

  it("removes when it is closed what the kernel has refused to remove before", () => {
    const { socket, at, qdiscs } = host();
    const attacher = new Attacher(socket, true, undefined, later);
    const [first, second] = [attacher.attach(2, PROGRAM), attacher.attach(3, PROGRAM)];
    const { deleteBpfFilter } = socket;
    const fail = (): never => {
      throw new Error("no memory");
    };
    socket.deleteBpfFilter = fail;
    first.detach();
    Object.assign(socket, { deleteBpfFilter });
    second.detach();
    expect([at(2, "ingress").length, [...qdiscs]]).toEqual([2, [2, 3]]);
    expect(openMaps()).toEqual([made.maps[2]]); // of no filter that packets come to, so both let everything pass
    attacher.close();
    expect([at(2, "ingress"), [...qdiscs]]).toEqual([[], []]);
  });

  it("keeps what holds the filter while the process is restarted, until there is a link", async () => {
    const kept = new Map<string, readonly number[]>();
    const store = {
      names: () => [],
      put: (name: string, fds: readonly number[]) => kept.set(name, fds),
      remove: (name: string) => kept.delete(name),
    };
    const attacher = new Attacher(host().socket, true, store as unknown as FdStore, later);
    const attached = attacher.attach(2, PROGRAM);
    expect([...kept.values()]).toEqual([[made.maps[0]]]);
    await attacher.makeLinks();
    const mark = [made.maps[1]];
    expect([...kept.values()]).toEqual([[made.links[0]], mark]);
    attached.detach();
    expect([...kept.values()]).toEqual([mark]);
    attacher.close();
    expect(kept.size).toBe(0);
  });

  it("leaves no qdisc where it can make no filter", () => {
    const { socket, at, qdiscs } = host();
    const attacher = new Attacher(socket, true, undefined, later);
    vi.mocked(bpf.createMap).mockImplementationOnce(() => {
      throw new Error("no memory");
    });
    expect(attacher.attach(2, PROGRAM).mode).toBe("tcx");
    expect([at(2, "ingress"), [...qdiscs]]).toEqual([[], []]);
  });

  it.each([
    ["nobody comes for", { stays: false }],
    ["another process comes for", { inForce: true, stays: true }],
    ["this one comes for", { inForce: true, formers: [NOBODY], stays: false }],
    ["this one's place was kept for, by a process that was killed as well", { inForce: true, formers: [NOBODY - 1, NOBODY], stays: false }],
  ])("takes over the qdisc of a killed process, whose filters go when its own are there: what %s", async (_, given) => {
    const { inForce = false, formers = [], stays } = given as { inForce?: boolean; formers?: number[]; stays: boolean };
    const { socket, at, changes } = host({ foreign: true });
    Object.assign(socket, { links: () => [{ index: 2 }, { index: 3 }] });
    const [living, own] = [`tsproxy-${process.ppid}-qdisc`, `tsproxy-${process.pid}-qdisc`];
    const left = [`tsproxy-${NOBODY}-qdisc`, `tsproxy-guard-${NOBODY}`];
    for (const name of left) socket.addBpfFilter(2, "ingress", 7, name, 7);
    for (const name of [living, "another"]) socket.addBpfFilter(3, "ingress", 8, name, 7);
    vi.mocked(bpf.mapOfProgram).mockImplementation((program) => (program === 7 ? open() : null));
    vi.mocked(bpf.getElement).mockReturnValue(inForce ? 0 : -os.constants.errno.ENOENT);
    const names = (): string[][] => [2, 3].map((ifindex) => at(ifindex, "ingress").map(({ name }) => name));
    const store = { names: () => formers.map((pid) => `filter-${pid}-x-0`), put: vi.fn(), remove: vi.fn() };
    const attacher = new Attacher(socket, true, store as unknown as FdStore, later);
    const attached = attacher.attach(2, PROGRAM);
    expect(attached.mode).toBe("clsact"); // whose qdisc it was is no more
    expect(names()).toEqual([
      [...left, own],
      [living, "another"],
    ]);
    attacher.sweep();
    expect(names()).toEqual([stays ? [...left, own] : [own], [living, "another"]]);
    await attacher.makeLinks();
    attached.detach();
    expect(changes).toEqual([]);
    attacher.close();
    expect(changes).toEqual(stays ? [] : ["-2"]);
    expect(names()[0]).toEqual(stays ? left : []);
  });

  it.each([true, false])("leaves all as it is to the next process when it is restarted; links made: %s", async (areMade) => {
    const { socket, at, changes } = host();
    const kept = new Map<string, readonly number[]>();
    const store = { names: () => [], put: (name: string, fds: readonly number[]) => kept.set(name, fds), remove: vi.fn() };
    const attacher = new Attacher(socket, true, store as unknown as FdStore, later);
    const attached = attacher.attach(2, PROGRAM);
    if (areMade) await attacher.makeLinks();
    const before = at(2, "ingress");
    attacher.leave();
    attached.detach();
    attacher.close();
    expect([at(2, "ingress"), changes]).toEqual([before, ["+2"]]);
    expect(before).toMatchObject([{ name: `tsproxy-${process.pid}-qdisc`, chain: areMade ? 0x7450 : 0 }]);
    expect([...kept.keys()].map((name) => name.split("-").slice(0, 2))).toContainEqual(["filter", String(process.pid)]);
    expect([...made.maps, ...made.links].filter(isOpen)).toEqual([]);
  });

  it("goes on though what others have left cannot be removed", () => {
    const { socket } = host();
    Object.assign(socket, {
      links: () => {
        throw new Error("no memory");
      },
    });
    const attacher = new Attacher(socket, true, undefined, later);
    attacher.sweep();
    expect(attacher.attach(2, PROGRAM).mode).toBe("clsact");
    attacher.close();
  });

  it("stays with filters where the kernel has no TCX", async () => {
    vi.mocked(bpf.hasTcx).mockReturnValue(false);
    const { socket, at } = host();
    const attacher = new Attacher(socket, true, undefined, later);
    const attached = attacher.attach(2, PROGRAM);
    await attacher.makeLinks();
    expect(at(2, "ingress")).toHaveLength(1);
    expect(bpf.apart).not.toHaveBeenCalled();
    expect(attached.replace(OTHER)).toBe(true);
  });
});

describe("Attacher at an uplink", () => {
  /** Its filters, and what the kernel was asked for. */
  function device(refused?: Error) {
    const filters: number[] = [];
    const socket = {
      addClsact: () => {
        if (refused !== undefined) throw refused;
        return true;
      },
      bpfFilters: () => [],
      addBpfFilter: (_ifindex: number, _direction: string, progFd: number) => filters.push(progFd),
    };
    return { filters, socket: socket as unknown as RouteSocket };
  }

  it("puts a filter there, not a link", () => {
    const { filters, socket } = device();
    expect(new Attacher(socket, true).attachUplink(10, PROGRAM).mode).toBe("clsact");
    expect(filters).toEqual([PROGRAM]);
    expect(bpf.createTcxLink).not.toHaveBeenCalled();
  });

  it("makes a link where the kernel has no filters", () => {
    const { socket } = device(new Error("Operation not supported"));
    expect(new Attacher(socket, true).attachUplink(10, PROGRAM).mode).toBe("tcx");
    expect(bpf.createTcxLink).toHaveBeenCalledExactlyOnceWith(PROGRAM, 10, "ingress");
  });

  it("says what is wrong where it has neither", () => {
    const { socket } = device(new Error("Operation not supported"));
    expect(() => new Attacher(socket, false).attachUplink(10, PROGRAM)).toThrow("Operation not supported");
  });
});

describe("Attacher without TCX", () => {
  /** A device of a dead instance's, whose qdisc another instance removes in the steps that `sweeps` counts off. */
  function device(sweeps: string[]) {
    let hasQdisc = true;
    let filters: { handle: number; name: string; priority: number; chain: number }[] = [];
    let handle = 0;
    const sweptAt = (step: string): void => {
      if (sweeps[0] !== step) return;
      sweeps.shift();
      [hasQdisc, filters] = [false, []];
    };
    const socket = {
      addClsact: () => {
        const isNew = !hasQdisc;
        hasQdisc = true;
        sweptAt("after the qdisc");
        return isNew;
      },
      addBpfFilter: (_ifindex: number, _direction: string, _progFd: number, name: string, priority: number, chain = 0) => {
        if (!hasQdisc) throw new Error("no qdisc");
        filters.push({ handle: ++handle, name, priority, chain });
        sweptAt("after the filter");
        return handle;
      },
      bpfFilters: (_ifindex: number, direction: string) => (direction === "ingress" ? [...filters] : []),
      hasFilters: (_ifindex: number, direction: string) => direction === "ingress" && filters.length > 0,
      deleteBpfFilter: (_ifindex: number, _priority: number, gone: number) => {
        filters = filters.filter((filter) => filter.handle !== gone);
        return true;
      },
      deleteClsact: () => {
        [hasQdisc, filters] = [false, []];
      },
      link: (ifindex: number) => ({ index: ifindex }),
    };
    return { socket: socket as unknown as RouteSocket, names: () => (hasQdisc ? filters.map(({ name }) => name) : null) };
  }

  it.each([
    [[], ""],
    [["after the qdisc"], "-qdisc"],
    [["after the filter"], "-qdisc"],
    [["after the qdisc", "after the filter"], "-qdisc"],
  ])("puts its filter there though another instance sweeps just then: %j", (sweeps, made) => {
    const { socket, names } = device([...sweeps]);
    const attacher = new Attacher(socket, false);
    const attached = attacher.attach(2, 1_000);
    expect(names()).toEqual([`tsproxy-${process.pid}${made}`]);
    attached.detach();
    attacher.close();
    expect(names()).toEqual(made === "" ? [] : null);
  });

  it("keeps its qdisc when a device is let go of and taken again, with a filter that says whose it is", () => {
    const { socket, names } = device([]);
    socket.deleteClsact(2);
    const attacher = new Attacher(socket, false);
    const [add, remove] = [vi.spyOn(socket, "addClsact"), vi.spyOn(socket, "deleteClsact")];
    for (let n = 0; n < 2; n++) attacher.attach(2, 1_000).detach();
    expect(names()).toEqual([`tsproxy-${process.pid}-qdisc`]);
    expect([add.mock.results.filter(({ value }) => value === true).length, remove.mock.calls.length]).toEqual([1, 0]);
    attacher.close();
    expect(names()).toBeNull();
  });

  it("forgets the qdisc of a device that is gone, and says nothing of it", () => {
    const { socket } = device([]);
    socket.deleteClsact(2);
    const attacher = new Attacher(socket, false);
    const attached = attacher.attach(2, 1_000);
    const gone = (): never => {
      throw new Error("no such device");
    };
    const warned = vi.spyOn(log, "warn");
    const remove = vi.spyOn(socket, "deleteClsact");
    Object.assign(socket, { link: () => null, addBpfFilter: gone, deleteBpfFilter: () => false });
    attached.detach();
    attacher.close();
    expect([warned.mock.calls, remove.mock.calls]).toEqual([[], []]);
  });

  it.each([true, false])("is one of those whose qdisc it is, of which the last to end removes it; ends last: %s", (isLast) => {
    const { socket, names } = device([]);
    const other = `tsproxy-${process.ppid}-qdisc`;
    const handle = socket.addBpfFilter(2, "ingress", 0, other, 7);
    const attacher = new Attacher(socket, false);
    const attached = attacher.attach(2, 1_000);
    expect(names()).toEqual([other, `tsproxy-${process.pid}-qdisc`]);
    if (isLast) socket.deleteBpfFilter(2, 7, handle, "ingress"); // it sees another's there, and leaves it the qdisc
    attached.detach();
    attacher.close();
    expect(names()).toEqual(isLast ? null : [other]);
  });

  it("says what fails each time, and leaves no qdisc of its own", () => {
    const { socket, names } = device(["after the qdisc", "after the qdisc", "after the qdisc"]);
    expect(() => new Attacher(socket, false).attach(2, 1_000)).toThrow("no qdisc");
    expect(names()).toBeNull();
  });

  it.each([
    [3, null],
    [2, [`tsproxy-${process.pid}-qdisc`]],
  ])("remembers that it has made the qdisc when the kernel refuses %i filters", (refused, left) => {
    const { socket, names } = device([]);
    socket.deleteClsact(2);
    const { addBpfFilter } = socket;
    let times = 0;
    socket.addBpfFilter = (...args) => {
      if (times++ < refused) throw new Error("refused");
      return addBpfFilter(...args);
    };
    const attach = () => new Attacher(socket, false).attach(2, 1_000);
    if (left === null) expect(attach).toThrow("refused");
    else attach();
    expect(names()).toEqual(left);
  });
});
