import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import net, { type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { setLogSink } from "../../src/log.js";
import { Relay, type RelayHandle, type RelayOptions } from "../../src/relay/relay.js";
import { parsePrefix } from "../../src/wire/ip-address.js";
import { relaySpec } from "./relay-spec.js";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  setLogSink(() => {});
});

/** A server on 127.0.0.1 and its port. */
async function backend(onConnection: (socket: Socket) => void): Promise<number> {
  const server = net.createServer({ allowHalfOpen: true }, onConnection).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  return portOf(server);
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function relay(spec: string, options?: RelayOptions): Promise<RelayHandle> {
  const handle = await Relay.start(relaySpec(spec), options);
  cleanups.push(() => handle.close());
  return handle;
}

async function connect(port: number): Promise<Socket> {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  cleanups.push(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Until the peer ends; unlike `for await`, leaves the socket open for writing. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "end");
  return Buffer.concat(chunks);
}

/** Two neighbouring ports that were free a moment ago. */
async function freePair(): Promise<number> {
  for (;;) {
    const first = net.createServer().listen(0, "127.0.0.1");
    await once(first, "listening");
    const port = portOf(first);
    const second = net.createServer();
    const free = await new Promise<boolean>((resolve) =>
      second.once("error", () => resolve(false)).listen(port + 1, "127.0.0.1", () => resolve(true)),
    );
    first.close();
    if (free) second.close();
    if (free) return port;
  }
}

describe("TCP relay", () => {
  it("passes a half-close on: the client ends first and still gets the answer", async () => {
    const port = await backend(async (socket) => socket.end(`got ${await readAll(socket)}`));
    const handle = await relay(`127.0.0.1::127.0.0.1:${port}`);
    const client = await connect(handle.hostPort);
    client.end("question");
    expect(String(await readAll(client))).toBe("got question");
    await vi.waitFor(() => expect(handle.stats()).toEqual({ active: 0, total: 1, refused: 0, failed: 0, bytesIn: 8, bytesOut: 12 }));
  });

  it("passes the server's half-close on: the server ends first and still gets the rest", async () => {
    let rest: Promise<Buffer> | undefined;
    const port = await backend((socket) => {
      socket.end("bye");
      rest = readAll(socket);
    });
    const client = await connect((await relay(`127.0.0.1::127.0.0.1:${port}`)).hostPort);
    expect(String(await readAll(client))).toBe("bye");
    client.end("late words");
    expect(String(await rest)).toBe("late words");
  });

  it("carries 1 MB each way unchanged", async () => {
    const port = await backend((socket) => socket.pipe(socket));
    const client = await connect((await relay(`127.0.0.1::127.0.0.1:${port}`)).hostPort);
    const sent = randomBytes(1 << 20);
    client.end(sent);
    const received = await readAll(client);
    expect(received.length).toBe(sent.length);
    expect(createHash("sha256").update(received).digest("hex")).toBe(createHash("sha256").update(sent).digest("hex"));
  });

  it("holds a fast sender back while the receiver does not read", async () => {
    const port = await backend((socket) => socket.pause());
    const handle = await relay(`127.0.0.1::127.0.0.1:${port}`);
    const client = await connect(handle.hostPort);
    const chunk = Buffer.alloc(1 << 20);
    let written = 0;
    while (written < 256 && client.write(chunk)) written++;
    client.write(chunk);
    for (let i = 0; i < 100; i++) client.write(chunk);
    let before = -1;
    await vi.waitFor(
      () => {
        const now = handle.stats().bytesIn;
        const same = now === before;
        before = now;
        expect(same).toBe(true);
      },
      { interval: 200, timeout: 4000 },
    );
    expect(before).toBeLessThan(40 << 20); // socket buffers, not the 100 MB that are waiting
  });

  it("resets the client and counts when the target refuses, and logs it once", async () => {
    const messages: string[] = [];
    setLogSink((_level, message) => messages.push(message));
    const dead = await freePair();
    const handle = await relay(`127.0.0.1::127.0.0.1:${dead}`);
    for (let i = 0; i < 2; i++) {
      const [error] = (await once(net.connect(handle.hostPort, "127.0.0.1"), "error")) as [NodeJS.ErrnoException];
      expect(error.code).toBe("ECONNRESET");
    }
    expect(handle.stats()).toMatchObject({ total: 2, failed: 2, active: 0 });
    expect(messages).toEqual([`cannot forward to 127.0.0.1:${dead}/tcp: connect ECONNREFUSED 127.0.0.1:${dead}`]);
  });

  it("passes a reset on in either direction", async () => {
    const arrived: Socket[] = [];
    const port = await backend((socket) => arrived.push(socket));
    const handle = await relay(`127.0.0.1::127.0.0.1:${port}`);
    const first = await connect(handle.hostPort);
    await vi.waitFor(() => expect(arrived).toHaveLength(1));
    const seen = once(arrived[0] as Socket, "error");
    first.resetAndDestroy();
    expect(((await seen) as [NodeJS.ErrnoException])[0].code).toBe("ECONNRESET");

    const second = await connect(handle.hostPort);
    await vi.waitFor(() => expect(arrived).toHaveLength(2));
    arrived[1]?.resetAndDestroy();
    expect(((await once(second, "error")) as [NodeJS.ErrnoException])[0].code).toBe("ECONNRESET");
    await vi.waitFor(() => expect(handle.stats()).toMatchObject({ active: 0, total: 2, failed: 0 }));
  });

  it("turns clients away that allowFrom does not name", async () => {
    const port = await backend((socket) => socket.end("hello"));
    const lan = parsePrefix("192.0.2.0/24");
    const handle = await relay(`127.0.0.1::127.0.0.1:${port}`, { allowFrom: lan ? [lan] : [] });
    const [error] = (await once(net.connect(handle.hostPort, "127.0.0.1"), "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");
    expect(handle.stats()).toMatchObject({ refused: 1, total: 0 });
  });

  it("cuts open connections and frees the port on close", async () => {
    const port = await backend(() => {});
    const handle = await relay(`127.0.0.1::127.0.0.1:${port}`);
    const client = await connect(handle.hostPort);
    const closed = once(client.resume(), "end");
    await handle.close();
    await closed;
    const again = await relay(`127.0.0.1:${handle.hostPort}:127.0.0.1:${port}`);
    expect(again.hostPort).toBe(handle.hostPort);
  });
});

describe("Relay.start", () => {
  it("serves a range one to one", async () => {
    const targets = await freePair();
    for (const offset of [0, 1]) {
      const server = net.createServer((socket) => socket.end(`target ${offset}`)).listen(targets + offset, "127.0.0.1");
      await once(server, "listening");
      cleanups.push(() => server.close());
    }
    const hosts = await freePair();
    const handle = await relay(`127.0.0.1:${hosts}-${hosts + 1}:127.0.0.1:${targets}-${targets + 1}`);
    expect(handle.hostPort).toBe(hosts);
    expect(String(await readAll(await connect(hosts)))).toBe("target 0");
    expect(String(await readAll(await connect(hosts + 1)))).toBe("target 1");
  });

  it("refuses SCTP, for which there are no sockets", async () => {
    await expect(relay("127.0.0.1:5000:127.0.0.1:7/sctp")).rejects.toMatchObject({ code: "TSP_ERR_RELAY", kind: "unavailable" });
  });

  it("refuses a taken port by its holder's name and leaves the rest of the range free", async () => {
    const port = await freePair();
    const holder = net.createServer().listen(port + 1, "127.0.0.1");
    await once(holder, "listening");
    cleanups.push(() => holder.close());
    const failure = relay(`127.0.0.1:${port}-${port + 1}:127.0.0.1:80-81`);
    await expect(failure).rejects.toMatchObject({
      code: "TSP_ERR_PORT_TAKEN",
      kind: "conflict",
      message: expect.stringMatching(new RegExp(`^host port 127.0.0.1:${port + 1}/tcp is taken by .*\\(pid ${process.pid}\\)$`)),
    });
    await relay(`127.0.0.1:${port}:127.0.0.1:80`);
  });

  it("picks the first free port of a range, and says when there is none", async () => {
    const port = await freePair();
    const range = `127.0.0.1:${port}-${port + 1}:127.0.0.1:80`;
    expect((await relay(range)).hostPort).toBe(port);
    expect((await relay(range)).hostPort).toBe(port + 1);
    await expect(relay(range)).rejects.toMatchObject({
      kind: "conflict",
      message: `every host port of 127.0.0.1:${port}-${port + 1}/tcp is taken`,
    });
  });

  it("refuses a host address that this host does not have", async () => {
    await expect(relay("192.0.2.1::127.0.0.1:80")).rejects.toMatchObject({ code: "TSP_ERR_HOST_ADDRESS" });
  });
});
