/** Who keeps descriptors while a process is restarted: our own keeper as it is built, and systemd as its manual says it speaks. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FdStore, releaseKept } from "../../src/sys/fd-store.js";
import { native } from "../../src/sys/native.js";
import { eventually } from "../support/proc.js";

const SOCK_DGRAM = 2;
let dir = "";
const open: number[] = [];

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-fd-store-"));
});
afterEach(() => {
  releaseKept(dir);
  for (const fd of open.splice(0)) fs.closeSync(fd);
  fs.rmSync(dir, { recursive: true, force: true });
});

/** A descriptor of a file, known again by its inode. */
function file(name: string): { fd: number; ino: number } {
  const fd = fs.openSync(path.join(dir, name), "w");
  open.push(fd);
  return { fd, ino: fs.fstatSync(fd).ino };
}

function inodes(fds: readonly number[]): number[] {
  open.push(...fds);
  return fds.map((fd) => fs.fstatSync(fd).ino);
}

const sockets = (): string[] => fs.readdirSync(dir).filter((name) => name.endsWith(".sock"));

describe("the keeper of our own", () => {
  /** A process that puts something there and is killed: all that the keeper sees of that is the end of the connection. */
  function killed(put: (store: FdStore) => void): void {
    const fds = (): string[] => fs.readdirSync("/proc/self/fd").filter((fd) => fs.existsSync(`/proc/self/fd/${fd}`)); // not the folder's own
    const before = new Set(fds());
    put(FdStore.open(dir)!);
    // Of what was opened the connection alone is a socket.
    for (const fd of fds()) if (!before.has(fd) && isSocket(Number(fd))) fs.closeSync(Number(fd));
  }

  function isSocket(fd: number): boolean {
    try {
      return fs.fstatSync(fd).isSocket();
    } catch {
      return false;
    }
  }

  it("gives the next process what a killed one had put there, in its order, and keeps it on", () => {
    const [a, b] = [file("a"), file("b")];
    killed((store) => {
      store.put("both", [a.fd, b.fd]);
      store.put("one", [b.fd]);
      store.put("not for long", [a.fd]);
      store.remove("not for long");
    });
    for (let n = 0; n < 2; n++)
      killed((store) => {
        expect(store.has("both")).toBe(true);
        expect(["bo", "both", "oth", "bothers"].map((prefix) => store.names(prefix))).toEqual([["both"], ["both"], [], []]);
        expect(inodes(store.take("both"))).toEqual([a.ino, b.ino]);
        expect([store.has("both"), store.take("both"), store.take("not for long"), store.take("never")]).toEqual([false, [], [], []]);
        expect(inodes(store.take("one"))).toEqual([b.ino]);
      });
  });

  it("lets go of what the next process has no use for", () => {
    const { fd } = file("a");
    killed((store) => store.put("old", [fd]));
    killed((store) => store.releaseRest());
    killed((store) => expect(store.has("old")).toBe(false));
  });

  it("keeps more than fits into one message", () => {
    const { fd, ino } = file("a");
    killed((store) => store.put("many", new Array(600).fill(fd)));
    killed((store) => expect(new Set(inodes(store.take("many")))).toEqual(new Set([ino])));
    killed((store) => expect(inodes(store.take("many"))).toHaveLength(600));
  });

  it("ends with an orderly end, and then nothing is kept; what is taken back meanwhile does no harm", async () => {
    const { fd } = file("a");
    const store = FdStore.open(dir)!;
    store.put("a", [fd]);
    store.end();
    store.remove("a");
    store.put("b", [fd]);
    await eventually("the keeper ends", () => sockets().length === 0);
    killed((next) => expect(next.has("a")).toBe(false));
  });

  it("ends when it is told to, unless a process uses it", async () => {
    const { fd } = file("a");
    const store = FdStore.open(dir)!;
    store.put("a", [fd]);
    expect(releaseKept(dir)).toBe(false);
    store.put("b", [fd]);
    store.end();
    await eventually("the keeper ends", () => sockets().length === 0);
    killed((next) => next.put("c", [fd]));
    expect(releaseKept(dir)).toBe(true);
    expect(sockets()).toEqual([]);
    expect(releaseKept(dir)).toBe(false);
  });

  it("is made anew where the former one was killed", () => {
    const { fd } = file("a");
    const stale = native.unixOpen(path.join(dir, `keeper-${fs.statSync("/proc/self/ns/net").ino}.sock`), 5, 1);
    fs.closeSync(stale);
    killed((store) => store.put("a", [fd]));
    killed((store) => expect(store.has("a")).toBe(true));
  });
});

describe("systemd", () => {
  const environment = { ...process.env };
  let notify = -1;

  beforeEach(() => {
    process.env.NOTIFY_SOCKET = path.join(dir, "notify");
    process.env.FDSTORE = "512";
    notify = native.unixOpen(process.env.NOTIFY_SOCKET, SOCK_DGRAM, 1);
    native.receiveTimeout(notify, 200);
    open.push(notify);
  });
  afterEach(() => {
    process.env = { ...environment };
  });

  function heard(): [text: string, inodes: number[]] | null {
    const bytes = new Uint8Array(512);
    const fds = new Int32Array(16);
    const [length, count] = native.recvFds(notify, bytes, fds);
    return length < 0 ? null : [Buffer.from(bytes.subarray(0, length)).toString(), inodes([...fds.subarray(0, count)])];
  }

  it.each([
    ["restart", true],
    ["stop", false],
    ["", false],
  ])("says by its job whether the unit is restarted: '%s'", async (type, isRestart) => {
    const other = "  7 other.service restart waiting\n";
    const job = type === "" ? "No jobs running.\n" : `${other}12345 tsproxy.service ${type}    running\n`;
    fs.writeFileSync(path.join(dir, "jobs"), job);
    fs.writeFileSync(path.join(dir, "systemctl"), `#!/bin/sh\ntest "$1 $4" = "list-jobs tsproxy.service" && cat ${dir}/jobs\n`, {
      mode: 0o755,
    });
    process.env.PATH = `${dir}:${process.env.PATH}`;
    process.env.TSPROXY_UNIT = "tsproxy.service";
    expect(await FdStore.open(dir)!.isRestart()).toBe(isRestart);
  });

  it("is thought to stop the unit where it says nothing, or which unit it is is not known", async () => {
    fs.writeFileSync(path.join(dir, "systemctl"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    process.env.PATH = `${dir}:${process.env.PATH}`;
    const store = FdStore.open(dir)!;
    expect(await store.isRestart()).toBe(false);
    process.env.TSPROXY_UNIT = "tsproxy.service";
    expect(await store.isRestart()).toBe(false);
  });

  it("is given descriptors by name, which it is not to poll", () => {
    const { fd, ino } = file("a");
    FdStore.open(dir)!.put("x", [fd]);
    expect(heard()).toEqual(["FDSTORE=1\nFDNAME=tsp.1.x\nFDPOLL=0", [ino]]);
  });

  it("is told to let go of them, and has done so when that returns; an orderly end it knows itself", () => {
    const { fd } = file("a");
    const store = FdStore.open(dir)!;
    store.put("x", [fd]);
    heard();
    // As systemd does: what comes with BARRIER=1 is closed. Nobody does here, so that is waited for in vain, and no longer than PATIENCE_MS.
    store.remove("x");
    expect(heard()).toEqual(["FDSTOREREMOVE=1\nFDNAME=tsp.1.x", []]);
    expect(heard()?.[0]).toBe("BARRIER=1");
    store.end();
    store.remove("x");
    expect(heard()).toBeNull();
  });

  it("starts no keeper beside it", () => {
    FdStore.open(dir);
    expect(sockets()).toEqual([]);
  });
});
