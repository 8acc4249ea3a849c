/** Who uses a published port, at which address of the host, and as whom the server must see it: the same for both families. */
import { ADDR, ADDR6 } from "./topology.js";

export interface Vantage {
  name: string;
  from: "client" | "lan2" | "host" | "c1" | "c2";
  at: string;
  seenAs: string;
}

function vantages(a: Record<keyof typeof ADDR, string>, loopbacks: string[]): Vantage[] {
  return [
    { name: "a client on the LAN", from: "client", at: a.host, seenAs: a.client },
    { name: "a client on another interface", from: "lan2", at: a.host2, seenAs: a.lan2 },
    { name: "a client that asks at the host's other address", from: "lan2", at: a.host, seenAs: a.lan2 },
    ...loopbacks.map((at): Vantage => ({ name: `the host at ${at}`, from: "host", at, seenAs: a.gateway })),
    { name: "the host at its LAN address", from: "host", at: a.host, seenAs: a.gateway },
    { name: "the host at the gateway address", from: "host", at: a.gateway, seenAs: a.gateway },
    { name: "a neighbour container at the LAN address (hairpin)", from: "c2", at: a.host, seenAs: a.gateway },
    { name: "a neighbour container at the gateway address", from: "c2", at: a.gateway, seenAs: a.gateway },
    { name: "the container itself at the LAN address (hairpin)", from: "c1", at: a.host, seenAs: a.gateway },
    { name: "the container itself at the gateway address", from: "c1", at: a.gateway, seenAs: a.gateway },
  ];
}

export const VANTAGES = vantages(ADDR, ["127.0.0.1", "127.0.0.53"]);
export const VANTAGES6 = vantages(ADDR6, ["::1"]);
