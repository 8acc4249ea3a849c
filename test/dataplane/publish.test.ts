import { expect, it } from "vitest";
import { A, CLIENT, Dataplane, HOST_IP, IP_A, UP } from "../support/dataplane.js";
import { ACK, parse, SYN, tcp, wrongIn } from "../support/packets.js";
it("smoke", () => {
  const d = new Dataplane();
  const [out] = d.fromUplink(tcp({ src: CLIENT, dst: HOST_IP }, { sport: 40000, dport: 8999, flags: SYN }));
  expect(out!.port).toBe(A);
  expect(parse(out!.bytes)).toMatchObject({ src: CLIENT, dst: IP_A, sport: 40000, dport: 8080, ttl: 63 });
  expect(wrongIn(out!.bytes)).toEqual([]);
  const [back] = d.fromEndpoint(A, tcp({ src: IP_A, dst: CLIENT }, { sport: 8080, dport: 40000, flags: SYN | ACK }));
  expect(back!.port).toBe(UP);
  expect(parse(back!.bytes)).toMatchObject({ src: HOST_IP, dst: CLIENT, sport: 8999, dport: 40000 });
});
