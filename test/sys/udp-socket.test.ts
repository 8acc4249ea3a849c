import dgram from "node:dgram";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Peer, peerAddress, UdpSocket } from "../../src/sys/udp-socket.js";

/** A socket that echoes, and whom it heard. */
function echo(address: string): { socket: UdpSocket; heard: Peer[] } {
  const socket = UdpSocket.bind(address, 0);
  const heard: Peer[] = [];
  socket.receive((bytes, from) => {
    heard.push(from);
    socket.send(bytes, from);
  });
  onTestFinished(() => socket.close());
  return { socket, heard };
}

/** What a socket that is connected to `address`, and so hears nobody else, is answered. */
async function ask(address: string, port: number, text: string): Promise<string> {
  const client = dgram.createSocket(address.includes(":") ? "udp6" : "udp4");
  onTestFinished(() => void client.close());
  client.connect(port, address);
  await once(client, "connect");
  client.send(text);
  const [answer] = (await once(client, "message", { signal: AbortSignal.timeout(2_000) })) as [Buffer];
  return answer.toString();
}

describe("a UDP socket on every address", () => {
  it("answers from the address that it was asked at", async () => {
    const { socket, heard } = echo("0.0.0.0");
    for (const address of ["127.0.0.1", "127.0.0.2", "127.255.255.254"]) expect(await ask(address, socket.port, address)).toBe(address);
    expect(heard.map(peerAddress)).toEqual(["127.0.0.1", "127.0.0.1", "127.0.0.1"].map(() => expect.stringMatching(/^127\./)));
  });

  it("does so for IPv6", async () => {
    const { socket, heard } = echo("::");
    expect(await ask("::1", socket.port, "hello")).toBe("hello");
    expect(heard.map(peerAddress)).toEqual(["0:0:0:0:0:0:0:1"]);
  });
});

it("carries the empty datagram and the largest one", async () => {
  const { socket } = echo("127.0.0.1");
  for (const text of ["", "x".repeat(65_507)]) expect(await ask("127.0.0.1", socket.port, text)).toBe(text);
});

it("gives equal bytes for the same two ends, others for another port or another address asked", async () => {
  const { socket, heard } = echo("0.0.0.0");
  const [a, b] = [dgram.createSocket("udp4").bind(0, "127.0.0.1"), dgram.createSocket("udp4").bind(0, "127.0.0.1")];
  onTestFinished(() => [a, b].forEach((client) => void client.close()));
  for (const [client, address] of [
    [a, "127.0.0.1"],
    [a, "127.0.0.1"],
    [b, "127.0.0.1"],
    [a, "127.0.0.2"],
  ] as const) {
    client.send("x", socket.port, address);
    await once(client, "message");
  }
  const keys = heard.map((peer) => peer.toString("latin1"));
  expect(keys.map((key) => keys.indexOf(key))).toEqual([0, 0, 2, 3]);
});

it("hears nothing once closed, even by its callback, and its port is free", async () => {
  const socket = UdpSocket.bind("127.0.0.1", 0);
  const { port } = socket;
  const client = dgram.createSocket("udp4");
  onTestFinished(() => void client.close());
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => client.send("x", port, "127.0.0.1", () => resolve()));
  let heard = 0; // of three datagrams that are there already
  await new Promise<void>((resolve) =>
    socket.receive((bytes, from) => {
      heard++;
      socket.close();
      socket.send(bytes, from);
      resolve();
    }),
  );
  UdpSocket.bind("127.0.0.1", port).close();
  expect(heard).toBe(1);
});

it("says why it cannot bind, by the system's code", () => {
  const { socket } = echo("127.0.0.1");
  const codeOf = (address: string, port: number): unknown => {
    try {
      UdpSocket.bind(address, port).close();
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  };
  expect(codeOf("127.0.0.1", socket.port)).toBe("EADDRINUSE");
  expect(codeOf("192.0.2.99", 0)).toBe("EADDRNOTAVAIL");
  expect(codeOf("127.0.0", 0)).toBe("EINVAL");
});

it("throws what the callback throws as an uncaught exception of the process, and goes on", async () => {
  const socket = UdpSocket.bind("127.0.0.1", 0);
  onTestFinished(() => socket.close());
  socket.receive((bytes, from) => {
    if (bytes.toString() === "bad") throw new Error("a fault");
    socket.send(bytes, from);
  });
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const caught = once(process, "uncaughtException").finally(() => {
    for (const listener of listeners) process.on("uncaughtException", listener);
  });
  const client = dgram.createSocket("udp4");
  onTestFinished(() => void client.close());
  client.send("bad", socket.port, "127.0.0.1");
  expect((await caught)[0]).toMatchObject({ message: "a fault" });
  expect(await ask("127.0.0.1", socket.port, "good")).toBe("good");
});
