import dgram from "node:dgram";
import { createServer, isIPv6 } from "node:net";
import packet from "dns-packet";
import { describe, expect, it, onTestFinished } from "vitest";
import { Forwarder } from "../../src/dns/forwarder.js";

/** A server on an address of loopback; answers what `reply` makes of a question, or nothing. All have one port, which is free. */
async function upstream(
  address: string,
  port: number,
  reply: (query: Buffer) => Buffer | undefined,
): Promise<{ port: number; asked: Buffer[] }> {
  const asked: Buffer[] = [];
  const socket = dgram.createSocket(isIPv6(address) ? "udp6" : "udp4");
  socket.on("message", (query, from) => {
    asked.push(query);
    const answer = reply(query);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(port, address, resolve));
  onTestFinished(() => void socket.close());
  return { port: socket.address().port, asked };
}

const query = packet.encode({ type: "query", id: 7, flags: packet.RECURSION_DESIRED, questions: [{ name: "example.org", type: "A" }] });
const answerTo = (asked: Buffer, data = "192.0.2.7"): Buffer => {
  const { id = 0, questions = [] } = packet.decode(asked);
  return packet.encode({ type: "response", id, questions, answers: [{ type: "A", name: "example.org", data }] });
};
const failure = (asked: Buffer, rcode: number): Buffer => {
  const bytes = answerTo(asked);
  bytes[3] = bytes[3]! | rcode;
  return bytes;
};

function forwarder(port: number, ...servers: string[]): Forwarder {
  return new Forwarder({ nsFd: -1, servers: () => servers, port, timeoutMs: 200 });
}

describe("a question that is forwarded", () => {
  it("is asked with an id of its own, and answered with the asker's", async () => {
    const { port, asked } = await upstream("127.0.0.1", 0, answerTo);
    for (let i = 0; i < 3; i++) {
      const reply = packet.decode(await forwarder(port, "127.0.0.1").ask(query, false));
      expect(reply).toMatchObject({ id: 7, answers: [{ data: "192.0.2.7" }] });
    }
    expect(new Set(asked.map((bytes) => bytes.readUInt16BE(0))).size).toBe(3);
  });

  it("goes to a server of IPv6, with a zone too, by UDP and by TCP", async () => {
    const { port } = await upstream("::1", 0, (asked) => answerTo(asked, "192.0.2.6"));
    for (const server of ["::1", "0:0::1", "::1%lo"])
      expect(packet.decode(await forwarder(port, server).ask(query, false)).answers).toMatchObject([{ data: "192.0.2.6" }]);
    const tcp = createServer((socket) => {
      socket.once("data", (asked) => {
        const reply = answerTo(asked.subarray(2), "192.0.2.66");
        socket.write(Buffer.concat([Buffer.from([0, reply.length]), reply]));
      });
    });
    await new Promise<void>((resolve) => tcp.listen(port, "::1", resolve));
    onTestFinished(() => void tcp.close());
    expect(packet.decode(await forwarder(port, "::1%lo").ask(query, true)).answers).toMatchObject([{ data: "192.0.2.66" }]);
  });

  it.each([
    ["says nothing", () => undefined],
    ["fails", (asked: Buffer) => failure(asked, 2)],
    ["refuses", (asked: Buffer) => failure(asked, 5)],
    ["answers another question", () => answerTo(packet.encode({ type: "query", id: 9, questions: [{ name: "other.org", type: "A" }] }))],
  ])("goes to the next server when one %s", async (_what, first) => {
    const { port } = await upstream("127.0.0.1", 0, first);
    await upstream("127.0.0.2", port, (asked) => answerTo(asked, "192.0.2.8"));
    expect(packet.decode(await forwarder(port, "127.0.0.1", "127.0.0.2").ask(query, false)).answers).toMatchObject([{ data: "192.0.2.8" }]);
  });

  it("stays with the first server that says that there is no such name", async () => {
    const { port } = await upstream("127.0.0.1", 0, (asked) => failure(asked, 3));
    const second = await upstream("127.0.0.2", port, answerTo);
    expect(packet.decode(await forwarder(port, "127.0.0.1", "127.0.0.2").ask(query, false))).toMatchObject({ rcode: "NXDOMAIN" });
    expect(second.asked).toEqual([]);
  });

  it("fails when there is no server, nobody answers, or all fail; only three are asked", async () => {
    expect(packet.decode(await forwarder(1).ask(query, false))).toMatchObject({
      id: 7,
      rcode: "SERVFAIL",
      questions: [{ name: "example.org" }],
    });
    const { port } = await upstream("127.0.0.1", 0, (asked) => failure(asked, 5));
    expect(packet.decode(await forwarder(port, "127.0.0.1").ask(query, false))).toMatchObject({ rcode: "REFUSED" });
    const fourth = await upstream("127.0.0.4", port, answerTo);
    const reply = await forwarder(port, "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.4").ask(query, false);
    expect(packet.decode(reply)).toMatchObject({ rcode: "REFUSED" });
    expect(fourth.asked).toEqual([]);
  });

  it("is refused while 1,024 others are under way", async () => {
    const { port } = await upstream("127.0.0.1", 0, () => undefined);
    const busy = forwarder(port, "127.0.0.1");
    const under = Array.from({ length: 1024 }, () => busy.ask(query, false));
    expect(packet.decode(await busy.ask(query, false))).toMatchObject({ rcode: "REFUSED" });
    await Promise.all(under);
    const after = busy.ask(query, false);
    expect(packet.decode(await after)).toMatchObject({ rcode: "SERVFAIL" });
  });

  it("by TCP is asked by TCP", async () => {
    const server = createServer((socket) =>
      socket.on("data", (bytes: Buffer) => {
        const reply = answerTo(bytes.subarray(2));
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(length); // in two pieces
        setTimeout(() => socket.end(reply), 10);
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    expect(packet.decode(await forwarder(port, "127.0.0.1").ask(query, true))).toMatchObject({ id: 7, answers: [{ data: "192.0.2.7" }] });
  });
});
