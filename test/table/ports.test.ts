import { expect, it } from "vitest";
import { ENDPOINT, HOST, MAX_PORTS, NONE, Ports, UPLINK } from "../../src/table/ports.js";

it("knows what each port is, which is the uplink, and where the ports end", () => {
  const ports = new Ports();
  expect([ports.end, ports.uplink]).toEqual([0, -1]);
  ports.set(0, UPLINK, 1, 2, 0, 0);
  ports.set(5, ENDPOINT, 3, 4, 99, 7);
  expect([ports.end, ports.uplink, ports.kind[5], ports.macHi[5], ports.macLo[5], ports.address[5], ports.network[5]]).toEqual([
    6,
    0,
    ENDPOINT,
    3,
    4,
    99,
    7,
  ]);
});

it("forgets a port, and draws the end in over gaps", () => {
  const ports = new Ports();
  ports.set(0, UPLINK, 1, 2, 0, 0);
  ports.set(1, HOST, 1, 2, 0, 0);
  ports.set(2, ENDPOINT, 1, 2, 3, 0);
  ports.clear(1);
  expect([ports.end, ports.kind[1]]).toEqual([3, NONE]);
  ports.clear(2);
  expect(ports.end).toBe(1);
  ports.clear(0);
  expect([ports.end, ports.uplink]).toEqual([0, -1]);
  ports.set(MAX_PORTS - 1, ENDPOINT, 0, 0, 0, 0);
  expect(ports.end).toBe(MAX_PORTS);
});
