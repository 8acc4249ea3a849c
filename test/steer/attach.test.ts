import fs from "node:fs";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Attacher } from "../../src/steer/attach.js";
import { PreparedLinks } from "../../src/steer/prepared-links.js";
import * as bpf from "../../src/sys/bpf.js";
import type { RouteSocket } from "../../src/sys/rtnetlink.js";

vi.mock("../../src/sys/bpf.js", async (original) => ({
  ...(await original<typeof bpf>()),
  loadProgram: vi.fn(),
  createTcxLink: vi.fn(),
  hasTcx: vi.fn(),
  createTcxLinksApart: vi.fn(),
  updateLink: vi.fn(),
}));

/** A descriptor like any other. */
const open = (): number => fs.openSync("/dev/null", "r");
function isOpen(fd: number): boolean {
  return fs.existsSync(`/proc/self/fd/${fd}`);
}

describe("Attacher with prepared links", () => {
  const PROGRAM = 1_000;
  const places: bpf.TcxPlace[] = [
    { ifindex: 2, direction: "ingress" },
    { ifindex: 2, direction: "egress" },
    { ifindex: 3, direction: "ingress" },
  ];
  let made: number[] = [];
  let passing = -1;

  beforeEach(() => {
    vi.clearAllMocks();
    made = [open(), open(), -19];
    passing = open();
    vi.mocked(bpf.loadProgram).mockReturnValue(passing);
    vi.mocked(bpf.createTcxLinksApart).mockReturnValue(() => Int32Array.from(made));
    vi.mocked(bpf.updateLink).mockReturnValue(true);
    vi.mocked(bpf.hasTcx).mockReturnValue(true);
    vi.mocked(bpf.createTcxLink).mockReturnValue(open());
  });

  it("puts the program into the link of its place, and makes those that failed", () => {
    const attacher = new Attacher(undefined, true);
    attacher.prepare(places);
    const egress = attacher.attach(2, PROGRAM, "egress");
    expect(bpf.updateLink).toHaveBeenCalledExactlyOnceWith(made[1], PROGRAM);
    expect(isOpen(passing)).toBe(false);
    attacher.attach(3, PROGRAM);
    expect(bpf.createTcxLink).toHaveBeenCalledExactlyOnceWith(PROGRAM, 3, "ingress");
    egress.detach();
    expect(isOpen(made[1]!)).toBe(false);
    attacher.releasePrepared();
  });

  it("uses links that were begun before, and makes the others", () => {
    const begun = new PreparedLinks(places);
    const attacher = new Attacher(undefined, true);
    attacher.prepare([...places, { ifindex: 4, direction: "ingress" }], begun);
    expect(attacher.canReplace).toBe(true);
    attacher.attach(2, PROGRAM);
    expect(bpf.updateLink).toHaveBeenCalledExactlyOnceWith(made[0], PROGRAM);
    attacher.attach(4, PROGRAM);
    expect(bpf.createTcxLink).toHaveBeenCalledExactlyOnceWith(PROGRAM, 4, "ingress");
    expect(bpf.createTcxLinksApart).toHaveBeenCalledTimes(1);
    attacher.releasePrepared();
    expect(isOpen(made[1]!)).toBe(false);
  });

  it("uses a link once", () => {
    const attacher = new Attacher(undefined, true);
    attacher.prepare(places);
    attacher.attach(2, PROGRAM).detach();
    attacher.attach(2, PROGRAM);
    expect(bpf.createTcxLink).toHaveBeenCalledExactlyOnceWith(PROGRAM, 2, "ingress");
    attacher.releasePrepared();
  });

  it("makes a link anew where the kernel does not change the one that is there", () => {
    vi.mocked(bpf.updateLink).mockReturnValue(false);
    const attacher = new Attacher(undefined, true);
    attacher.prepare(places);
    attacher.attach(2, PROGRAM);
    expect(bpf.createTcxLink).toHaveBeenCalledExactlyOnceWith(PROGRAM, 2, "ingress");
    expect(isOpen(made[0]!)).toBe(false);
    attacher.releasePrepared();
  });

  it("ends those that nobody has asked for, also when nothing was attached", () => {
    const attacher = new Attacher(undefined, true);
    attacher.prepare(places);
    attacher.releasePrepared();
    expect(made.slice(0, 2).map(isOpen)).toEqual([false, false]);
    expect(isOpen(passing)).toBe(false);
    attacher.releasePrepared(); // again: nothing
  });

  it("prepares nothing where the kernel has no TCX", () => {
    vi.mocked(bpf.hasTcx).mockReturnValue(false);
    const attacher = new Attacher(undefined, true);
    attacher.prepare(places);
    expect(bpf.createTcxLinksApart).not.toHaveBeenCalled();
    attacher.releasePrepared();
    expect(isOpen(passing)).toBe(false);
    for (const fd of made.slice(0, 2)) fs.closeSync(fd);
  });

  it("prepares nothing where TCX is not to be used", () => {
    const attacher = new Attacher(undefined, false);
    attacher.prepare(places);
    expect(bpf.createTcxLinksApart).not.toHaveBeenCalled();
    for (const fd of [...made.slice(0, 2), passing]) fs.closeSync(fd);
  });
});

describe("Attacher at an uplink", () => {
  const PROGRAM = 1_000;
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

  beforeEach(() => void vi.clearAllMocks());

  it("waits for the links that hold the kernel's lock, and puts a filter, not a link", () => {
    vi.mocked(bpf.loadProgram).mockReturnValue(open());
    vi.mocked(bpf.hasTcx).mockReturnValue(true);
    const wait = vi.fn(() => new Int32Array());
    vi.mocked(bpf.createTcxLinksApart).mockReturnValue(wait);
    const { filters, socket } = device();
    const attacher = new Attacher(socket, true);
    attacher.prepare([]);
    expect(wait).not.toHaveBeenCalled();
    expect(attacher.attachUplink(10, PROGRAM).mode).toBe("clsact");
    expect(wait).toHaveBeenCalledOnce();
    expect(filters).toEqual([PROGRAM]);
    expect(bpf.createTcxLink).not.toHaveBeenCalled();
  });

  it("makes a link where the kernel has no filters", () => {
    vi.mocked(bpf.createTcxLink).mockReturnValue(open());
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
    let filters: { handle: number; name: string; priority: number }[] = [];
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
      addBpfFilter: (_ifindex: number, _direction: string, _progFd: number, name: string, priority: number) => {
        if (!hasQdisc) throw new Error("no qdisc");
        filters.push({ handle: 1, name, priority });
        sweptAt("after the filter");
        return 1;
      },
      bpfFilters: (_ifindex: number, direction: string) => (direction === "ingress" ? [...filters] : []),
      deleteBpfFilter: () => {
        filters = [];
      },
      deleteClsact: () => {
        [hasQdisc, filters] = [false, []];
      },
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
    const attached = new Attacher(socket, false).attach(2, 1_000);
    expect(names()).toEqual([`tsproxy-${process.pid}${made}`]);
    attached.detach();
    expect(names()).toEqual(made === "" ? [] : null);
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
