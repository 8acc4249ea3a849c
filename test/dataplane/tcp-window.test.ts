/** RST and FIN by their sequence numbers: what the receiver would not take changes nothing (RFC 9293 §3.10.7.4, RFC 5961 §3). */
import { describe, expect, it } from "vitest";
import { Connection } from "../scorecard/probes.js";
import { ACK, FIN, PSH, RST, SYN } from "../support/packets.js";

const MIB = 1 << 20;
const CASES = [
  ["of a published port", false],
  ["of an endpoint's own", true],
] as const;

/** A connection at these sequence numbers, the client's and the server's, each seen by the other. */
function at(inside: boolean, client: number, server: number): Connection {
  const c = new Connection(inside);
  c.client(SYN, (client - 1) >>> 0, 0);
  c.server(SYN | ACK, (server - 1) >>> 0, client);
  c.client(ACK, client, server);
  expect(c.state).toBe("established");
  return c;
}

describe.each(CASES)("a connection %s", (_, inside) => {
  it.each([
    ["64 KiB and more before it", -(2 << 16)],
    ["33 MiB after it", 33 * MIB],
    ["2 GiB away", 2 ** 31],
  ])("takes no end from %s, either way, and passes it on", (_name, distance) => {
    for (const [client, server] of [
      [1000, 5_000_000],
      [0xffff_fff0, 3],
    ] as const)
      for (const flags of [RST, RST | ACK, FIN | ACK]) {
        const c = at(inside, client, server);
        c.wait(100);
        expect(c.client(flags, (client + distance) >>> 0, server)).toBe(1);
        expect(c.server(flags, (server + distance) >>> 0, client)).toBe(1);
        expect([c.state, c.left]).toEqual(["established", 7340]);
      }
  });

  it.each([
    ["at the next byte", 0],
    ["with data in flight before it", 20 * MIB],
  ])("ends with one %s, also where numbers wrap", (_name, distance) => {
    for (const number of [1000, 0xffff_0000, 0x7fff_ffff]) {
      const fin = at(inside, number, number);
      fin.client(FIN | ACK, (number + distance) >>> 0, number);
      expect(fin.state).toBe("fin-wait");
      for (const side of ["client", "server"] as const) {
        const c = at(inside, number, number);
        c[side](RST, (number + distance) >>> 0, number);
        expect([c.state, c.left]).toEqual(["reset", 240]);
      }
    }
  });

  it("goes on after a forged reset, though its opener is behind what the target sends", () => {
    const c = at(inside, 1000, 5000);
    c.client(RST, 1000, 0);
    expect(c.state).toBe("reset");
    for (let sent = 0; sent < MIB; sent += MIB / 8) c.server(ACK | PSH, 5000 + sent, 1000);
    c.client(ACK, 1000, 5000 + MIB / 4);
    expect(c.state).toBe("taken-up");
    c.server(ACK | PSH, 5000 + MIB, 1000);
    expect(c.state).toBe("established");
  });

  it("is not proven by who does not get the target's answer, and is by who does", () => {
    const c = new Connection(inside);
    c.client(SYN, 0x1234_0000, 0);
    c.server(SYN | ACK, 0x5555_0000, 0x1234_0001);
    const guesses = [
      [ACK, 0x9555_0000],
      [ACK, 0x0000_1234], // whose upper half is 0, by which a note says that it is not known
      [ACK | PSH, 0x1555_0000],
      [ACK | FIN, 0x9555_0000],
      [FIN, 0x5555_0001],
      [PSH, 0x5555_0001],
      [0, 0x5555_0001],
      [SYN | FIN, 0],
      [SYN | ACK, 0x9555_0000], // nor is what it says taken for the target's number afterwards
    ] as const;
    for (const [flags, number] of guesses) {
      expect(c.client(flags, 0x1234_0001, number)).toBe(1); // its receiver knows better
      expect(c.state).toBe("syn-received");
    }
    c.wait(30);
    c.client(ACK, 0x1234_0001, 0x9555_0000);
    expect(c.left).toBe(30); // nothing of that prolongs it
    c.client(ACK, 0x1234_0001, 0x5555_0001);
    expect(c.state).toBe("established");
  });

  it("is not reset, as long as its handshake is not over, by a number that its alleged opener has given before in a SYN", () => {
    const c = new Connection(inside);
    c.client(SYN, 0x1234_0000, 0);
    c.server(SYN | ACK, 0x5555_0000, 0x1234_0001);
    c.client(SYN, 0x9000_0000, 0);
    c.client(ACK, 0x1234_0001, 0x5555_0001);
    for (const flags of [RST, FIN | ACK]) c.client(flags, 0x9000_0000, 0x5555_0001);
    expect(c.state).toBe("established");
    c.client(RST, 0x1234_0001, 0);
    expect(c.state).toBe("reset");
  });

  const MIDDLE = 0x1234_0001;
  it.each([
    ["before the answer", ["syn", "rst", "answer"], MIDDLE],
    ["after it, outside of the target's window", ["syn", "answer", "rst"], 0x9234_0000],
    ["after it, inside", ["syn", "answer", "rst"], MIDDLE],
  ])("is not proven by a reset and what its target then says, but by who gets that: %s", (_name, order, reset) => {
    const c = new Connection(inside);
    const send: Record<string, () => number> = {
      syn: () => c.client(SYN, MIDDLE - 1, 0),
      answer: () => c.server(SYN | ACK, 0x5555_0000, MIDDLE),
      rst: () => c.client(RST, reset, 0),
    };
    for (const step of order) send[step]!();
    expect(c.state).toBe("reset");
    for (const [flags, number] of [
      [ACK, 0x9555_0000],
      [ACK, 0x0000_1234],
      [FIN | ACK, 0x9555_0000],
      [PSH, 0],
      [0, 0],
    ] as const) {
      expect(c.client(flags, MIDDLE, number)).toBe(1); // its receiver knows better
      c.server(ACK, 0x5555_0001, MIDDLE);
      c.server(ACK, 0x5555_0001, MIDDLE);
      expect(["reset", "syn-received"]).toContain(c.state);
    }
    c.client(ACK, MIDDLE, 0x5555_0001);
    c.server(ACK, 0x5555_0001, MIDDLE);
    expect(c.state).toBe("established");
  });

  it("knows where both are after a long transfer", () => {
    const c = at(inside, 1, 1);
    for (let sent = 1; sent < 5 * 2 ** 30; sent += 20 * MIB) {
      c.client(ACK | PSH, sent >>> 0, 1);
      c.server(ACK, 1, (sent + 20 * MIB) >>> 0);
    }
    const acknowledged = (1 + Math.ceil((5 * 2 ** 30 - 1) / (20 * MIB)) * 20 * MIB) >>> 0;
    c.client(RST, 1, 1);
    expect(c.state).toBe("established");
    c.client(RST, acknowledged, 1);
    expect(c.state).toBe("reset");
  });

  it("takes the first answer to a SYN for its end, whatever its numbers: 0 and the SYN's (RFC 9293 §3.5.2)", () => {
    const c = new Connection(inside);
    c.client(SYN, 0x12345678, 0);
    c.server(RST | ACK, 0, 0x12345679);
    expect(c.state).toBe("reset");
  });

  it("opened anew knows its new numbers alone", () => {
    for (const end of ["rst", "fin"]) {
      const c = at(inside, 1000, 5000);
      if (end === "rst") c.client(RST, 1000, 5000);
      else {
        c.client(FIN | ACK, 1000, 5000);
        c.server(FIN | ACK, 5000, 1001);
      }
      c.client(SYN, 0x70000000, 0);
      c.server(SYN | ACK, 0xa0000000, 0x70000001);
      c.client(ACK, 0x70000001, 0xa0000001);
      expect([c.state, c.left]).toEqual(["established", 7440]);
      c.client(RST, 1001, 5000);
      c.server(RST, 5001, 1000);
      expect(c.state).toBe("established");
      c.server(RST, 0xa0000001, 0x70000001);
      expect(c.state).toBe("reset");
    }
  });

  it.each([
    ["the client", "client"],
    ["the server", "server"],
  ] as const)("half closed by %s is opened anew by a handshake", (_name, closer) => {
    const c = at(inside, 1000, 5000);
    c[closer](FIN | ACK, closer === "client" ? 1000 : 5000, closer === "client" ? 5000 : 1000);
    expect(c.state).toBe("fin-wait");
    c.client(SYN, 0x70000000, 0);
    c.server(SYN | ACK, 0xa0000000, 0x70000001);
    c.client(ACK, 0x70000001, 0xa0000001);
    expect([c.state, c.left]).toEqual(["established", 7440]);
  });
});

it("a connection taken up in its middle is proven by its target, if that goes on where the client has acknowledged, or by what the client acknowledges then", () => {
  const c = new Connection(false);
  c.client(ACK | PSH, 7_000_000, 0x9000_0000);
  c.server(ACK, 9_000_000, 7_000_000); // as a target says that waits for the end of a handshake
  expect([c.state, c.left]).toEqual(["syn-received", 60]);
  c.client(ACK, 7_000_000, 0x9000_0000);
  c.server(ACK, 9_000_000, 7_000_000);
  expect(c.state).toBe("syn-received");
  c.client(ACK, 7_000_000, 9_000_000);
  expect([c.state, c.left]).toEqual(["established", 7440]);
  const ahead = new Connection(false);
  ahead.client(ACK, 7_000_000, 9_000_000);
  ahead.server(ACK | PSH, 9_000_000 + 20 * MIB, 7_000_000); // there is much on its way
  expect(ahead.state).toBe("established");
});

it("a connection taken up in its middle is judged by what was seen of it", () => {
  const c = new Connection(false);
  c.client(ACK | PSH, 7_000_000, 9_000_000);
  c.server(ACK, 9_000_000, 7_000_000);
  c.server(RST, 0x80000000, 7_000_000);
  c.client(RST, 0x80000000, 9_000_000);
  expect(c.state).toBe("established");
  c.server(RST, 9_000_000, 7_000_000);
  expect(c.state).toBe("reset");
});
