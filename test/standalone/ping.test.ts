import fs from "node:fs";
import Module, { createRequire } from "node:module";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EchoSocket, type openEchoSocket, Pinger } from "../../src/standalone/ping.js";

const loader = Module as unknown as { _load(name: string, ...rest: unknown[]): unknown };
const load = loader._load;
let asked: string[] = [];

beforeEach(() => {
  asked = [];
  loader._load = (name, ...rest) => {
    if (name === "raw-socket") asked.push(name);
    return load(name, ...rest);
  };
});
afterEach(() => {
  loader._load = load;
});

/** As where the package is not installed. */
function withoutPackage(): void {
  loader._load = (name, ...rest) => {
    if (name === "raw-socket") throw new Error("Cannot find module 'raw-socket'");
    return load(name, ...rest);
  };
}

const hasPackage = ((): boolean => {
  try {
    createRequire(import.meta.url)("raw-socket");
    return true;
  } catch {
    return false;
  }
})();

const rootOrPing = process.getuid?.() === 0;

describe.skipIf(!rootOrPing)("an ICMP echo (needs CAP_NET_RAW)", () => {
  const pingers: Pinger[] = [];
  const pinger = (timeoutMs = 250): Pinger => {
    const made = new Pinger(timeoutMs);
    pingers.push(made);
    return made;
  };
  afterEach(() => {
    for (const made of pingers.splice(0)) made.close();
  });

  it("is answered by a host that is up, by the addon's socket", async () => {
    withoutPackage();
    const started = performance.now();
    const { ping } = pinger();
    expect(await Promise.all(["127.0.0.1", "127.0.0.2", "127.0.0.1"].map(ping))).toEqual([true, true, true]);
    expect(performance.now() - started).toBeLessThan(200);
  });

  it.skipIf(!hasPackage)("is answered by a host that is up, by the package raw-socket where it is installed", async () => {
    expect(await Promise.all(["127.0.0.1", "127.0.0.2", "127.0.0.1"].map(pinger().ping))).toEqual([true, true, true]);
    expect(asked).toEqual(["raw-socket"]);
  });

  it("is answered over IPv6 too", async () => {
    withoutPackage();
    expect(await pinger().ping("::1")).toBe(true);
    expect(await pinger(50).ping("2001:db8:dead::1")).toBe(false);
  });

  it("gets no answer where none may be sent, such as to a broadcast address", async () => {
    withoutPackage();
    expect(await pinger(50).ping("127.255.255.255")).toBe(false);
  });

  it("leaves no descriptor behind", async () => {
    withoutPackage();
    const open = (): number => fs.readdirSync("/proc/self/fd").length;
    const before = open();
    const made = pinger();
    await Promise.all([made.ping("127.0.0.1"), made.ping("127.0.0.3")]);
    expect(open()).toBe(before + 2);
    made.close();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(open()).toBe(before);
  });
});

/** Answers what `up` holds; keeps the echoes. */
function fakeSocket(up: string[]): { open: typeof openEchoSocket; sent: { address: string; echo: Buffer }[] } {
  const sent: { address: string; echo: Buffer }[] = [];
  const open = (answered: (source: string) => void): EchoSocket => ({
    send: (address, echo) => {
      sent.push({ address, echo });
      if (up.includes(address)) setImmediate(answered, address);
    },
    close: () => {},
  });
  return { open, sent };
}

describe("a pinger", () => {
  it("asks each address once and tells the silent ones from those that answer", async () => {
    const { open, sent } = fakeSocket(["192.0.2.1"]);
    const { ping } = new Pinger(20, open);
    expect(await Promise.all(["192.0.2.1", "192.0.2.2", "192.0.2.1"].map(ping))).toEqual([true, false, true]);
    expect(sent.map(({ address }) => address)).toEqual(["192.0.2.1", "192.0.2.2"]);
  });

  it("sends an echo request with a right checksum (RFC 792)", async () => {
    const { open, sent } = fakeSocket(["192.0.2.1"]);
    await new Pinger(20, open).ping("192.0.2.1");
    const { echo } = sent[0]!;
    expect([echo[0], echo[1], echo.readUInt16BE(4), echo.readUInt16BE(6)]).toEqual([8, 0, process.pid & 0xffff, 1]);
    let sum = 0;
    for (let i = 0; i < echo.length; i += 2) sum += echo.readUInt16BE(i);
    expect(((sum & 0xffff) + (sum >>> 16)) & 0xffff).toBe(0xffff);
  });

  it("says that it cannot ask where no socket may be opened", async () => {
    const denied = (): never => {
      throw new Error("EPERM");
    };
    expect(await new Pinger(20, denied).ping("192.0.2.1")).toBeNull();
  });
});
