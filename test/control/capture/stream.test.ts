/** A capture as it is read: in the order of time, for as long as is asked for, and never longer than somebody reads. */
import { once } from "node:events";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { CaptureQuery } from "../../../src/api/capture-types.js";
import { type CaptureSite, startCapture } from "../../../src/control/capture/captures.js";
import type { Encoder } from "../../../src/control/capture/encoders.js";
import { parseCapture } from "../../../src/control/capture/query.js";
import { CaptureStream } from "../../../src/control/capture/stream.js";
import { setLogSink } from "../../../src/log.js";
import { CaptureRing, captureRing } from "../../../src/table/capture-ring.js";
import * as record from "../../../src/wire/capture-record.js";

/** Says of each packet the second in which it came. */
const encoder: Encoder = {
  contentType: "text/plain",
  begin: () => Buffer.from("begin "),
  packet: ({ seconds, lost }) => Buffer.from(`${lost === 0 ? "" : `${lost} lost `}${seconds} `),
  end: (lost) => Buffer.from(`end ${lost}`),
};

/** Two workers, and a capture of theirs. */
function capture(limits = { count: 0, seconds: 0 }, by = encoder) {
  const memories = [captureRing(4096), captureRing(4096)];
  const writers = memories.map((memory) => new CaptureRing(memory));
  let ready = (): void => {};
  const end = vi.fn();
  const stream = new CaptureStream(
    (call) => {
      ready = call;
      return { rings: memories.map((memory) => new CaptureRing(memory)), begun: Promise.resolve(), end };
    },
    by,
    limits,
  );
  let text = "";
  const read = (): void => void stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return {
    stream,
    end,
    read,
    text: () => text,
    write(worker: number, ...seconds: number[]): void {
      const ring = writers[worker]!;
      for (const second of seconds) {
        const place = ring.reserve(record.HEADER_WORDS * 4);
        if (place === -1) continue;
        ring.words.fill(0, place + record.LOST + 1, place + record.HEADER_WORDS);
        ring.words[place + record.SECONDS] = second;
        ring.words[place + record.OUT_PORT] = -1;
      }
      if (ring.publish()) ready();
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("CaptureStream", () => {
  it("ends with an error of its own, which nobody else gets, when a packet cannot be written", async () => {
    const failing: Encoder = {
      ...encoder,
      packet: () => {
        throw new Error("no device of that number");
      },
    };
    const said: string[] = [];
    setLogSink((_, message) => void said.push(message));
    onTestFinished(() => setLogSink(() => {}));
    const c = capture({ count: 0, seconds: 0 }, failing);
    const failed = once(c.stream, "error");
    c.read();
    await turn();
    c.write(0, 1);
    expect(String(await failed)).toContain("no device of that number");
    expect(c.end).toHaveBeenCalledOnce();
    expect(said.join()).toContain("a capture");
  });

  it("ends with an error of its own also when somebody else ends it, as its network does that goes", async () => {
    const failing: Encoder = {
      ...encoder,
      end: () => {
        throw new Error("no end");
      },
    };
    setLogSink(() => {});
    const c = capture({ count: 0, seconds: 0 }, failing);
    const failed = once(c.stream, "error");
    c.read();
    await turn();
    c.stream.finish();
    expect(String(await failed)).toContain("no end");
  });

  it("has what all workers have captured, in order of time, as it comes", async () => {
    const c = capture();
    c.write(0, 1, 4);
    c.write(1, 2, 3);
    c.read();
    await vi.waitFor(() => expect(c.text()).toBe("begin 1 2 3 4 "));
    c.write(1, 5);
    await vi.waitFor(() => expect(c.text()).toBe("begin 1 2 3 4 5 "));
    expect(c.end).not.toHaveBeenCalled();
    c.stream.destroy();
  });

  it("ends after as many packets as were asked for", async () => {
    const c = capture({ count: 3, seconds: 0 });
    c.read();
    c.write(0, 1, 2, 3, 4, 5);
    await once(c.stream, "end");
    expect(c.text()).toBe("begin 1 2 3 end 0");
    expect(c.end).toHaveBeenCalled();
  });

  it("ends after as many seconds, with what has come", async () => {
    vi.useFakeTimers();
    const c = capture({ count: 0, seconds: 7 });
    vi.advanceTimersByTime(6_999);
    c.write(0, 1);
    expect(c.end).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    vi.useRealTimers();
    expect(c.end).toHaveBeenCalled();
    c.read();
    await once(c.stream, "end");
    expect(c.text()).toBe("begin 1 end 0");
  });

  it("passes on what has come when it ends a part at a time, as it is read", async () => {
    vi.useFakeTimers();
    const long: Encoder = { ...encoder, packet: () => Buffer.alloc(1 << 17) };
    const c = capture({ count: 0, seconds: 7 }, long);
    c.write(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    vi.advanceTimersByTime(7_000);
    vi.useRealTimers();
    expect(c.end).toHaveBeenCalled();
    expect(c.stream.readableLength).toBeLessThan(1 << 17);
    c.stream.read(0);
    expect(c.stream.readableLength).toBeLessThan(4 << 17);
    let size = 0;
    c.stream.on("data", (chunk: Buffer) => (size += chunk.length));
    await once(c.stream, "end");
    expect(size).toBe("begin end 0".length + 9 * (1 << 17));
  });

  it("ends with its reader", async () => {
    const c = capture();
    c.read();
    c.stream.destroy();
    await turn();
    expect(c.end).toHaveBeenCalledOnce();
    c.write(0, 1); // nobody listens any more
    await turn();
    expect(c.text()).toBe("begin ");
  });

  it("leaves in the rings what nobody reads yet, and says how many found no room there", async () => {
    const c = capture({ count: 0, seconds: 0 });
    for (let n = 1; n <= 400; n++) c.write(0, n);
    c.read();
    await vi.waitFor(() => expect(c.text()).toContain(" 50 "));
    const kept = c.text().trimEnd().split(" ").length - 1;
    c.write(0, 1000);
    await vi.waitFor(() => expect(c.text()).toContain(` ${400 - kept} lost 1000 `));
    c.stream.destroy();
  });
});

describe("what is asked for", () => {
  const parse = (query: CaptureQuery) => parseCapture(query, (word) => (word === "shop" ? 3 : undefined));

  it("is all of everything by default, as a file", () => {
    expect(parse({})).toEqual({
      filter: { proto: 0, client: null, target: null, port: 0, network: -1, drops: false },
      snap: 262_144,
      count: 0,
      seconds: 0,
      format: "pcapng",
    });
  });

  it("may be less", () => {
    const { filter, ...rest } = parse({
      client: "192.0.2.0/24",
      target: "fd00::4",
      proto: "sctp",
      port: "8999",
      network: "shop",
      drops: "true",
      snapshotLength: "64",
      count: "5",
      seconds: "7",
      format: "json",
    });
    expect(filter).toMatchObject({
      proto: 132,
      port: 8999,
      network: 3,
      drops: true,
      client: { prefixLength: 24 },
      target: { prefixLength: 128 },
    });
    expect(rest).toEqual({ snap: 64, count: 5, seconds: 7, format: "json" });
  });

  it.each<[CaptureQuery, string, RegExp]>([
    [{ port: "0" }, "TSP_ERR_OPTION", /port '0'/],
    [{ client: "x" }, "TSP_ERR_OPTION", /client 'x'/],
    [{ target: "10.0.0.0/33" }, "TSP_ERR_OPTION", /target '10\.0\.0\.0\/33'/],
    [{ proto: "constructor" }, "TSP_ERR_OPTION", /proto 'constructor'/],
    [{ proto: "icmp", port: "80" }, "TSP_ERR_OPTION", /proto 'icmp' with a port/],
    [{ network: "other" }, "TSP_ERR_CAPTURE", /network 'other'/],
    [{ snapshotLength: "63" }, "TSP_ERR_OPTION", /snapshot-length '63'/],
    [{ count: "0" }, "TSP_ERR_OPTION", /count '0'/],
    [{ seconds: "-1" }, "TSP_ERR_OPTION", /seconds '-1'/],
    [{ format: "pcap" }, "TSP_ERR_OPTION", /format 'pcap'/],
  ])("is refused when it is %j", (query, code, message) => {
    expect(() => parse(query)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error);
  });

  it("ends with the network that it is of; it is refused where eight run already, and without a dataplane", async () => {
    const gone: (() => void)[] = [];
    const watch = (_: number, tell: () => void): (() => void) => {
      gone.push(tell);
      return () => void gone.pop();
    };
    const site = (capturing: number): CaptureSite => ({
      socket: { link: () => null },
      numbers: { info: () => undefined },
      networks: { numberOf: () => 3, spansNodes: () => false, onGone: watch },
      stations: { withhold: () => () => {} },
      workers: { capturing, capture: () => ({ rings: [], begun: Promise.resolve(), end: () => {} }) },
    });
    const start = (place: CaptureSite | undefined): Promise<CaptureStream> => startCapture(place, {}, { application: "" });
    (await start(site(7))).destroy();
    expect(gone).toEqual([]);
    // That of a network ends with it, in good order.
    const stream = await startCapture(site(0), { network: "shop" }, { application: "" });
    stream.resume();
    gone[0]!();
    await once(stream, "end");
    await expect(start(site(8))).rejects.toThrow(/8 captures run already/);
    await expect(start(undefined)).rejects.toThrow(/relays by sockets/);
  });
});
