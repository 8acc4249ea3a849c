/** RFC 6888: Common Requirements for Carrier-Grade NATs: those that make sense for a container host. */
import { expect } from "vitest";
import { NO_MASQUERADE } from "../../src/table/networks.js";
import { A, B, Dataplane, HOST_IP, IP_A, IP_B, MASQUERADE_FIRST, NET, only, SERVER } from "../support/dataplane.js";
import { ask, datagram, OTHER_SERVER, reply, SERVICE } from "./probes.js";
import { no, notApplicable, type Rfc, yes } from "./requirement.js";
import { filtersByPort } from "./shared.js";

export const RFC6888: Rfc = {
  rfc: "RFC 6888",
  title: "carrier-grade NAT, where it applies",
  requirements: [
    yes("REQ-2", "one inside address keeps one outside address", "to two servers, by two protocols", () => {
      const d = new Dataplane();
      const sources = [ask(d, "udp", 1000), ask(d, "tcp", 1000, OTHER_SERVER)].map(({ src }) => src);
      expect(sources).toEqual([HOST_IP, HOST_IP]);
    }),
    notApplicable("REQ-3", "outside addresses of any number and order", "the outside address is the one that the host uses on the route"),
    no(
      "REQ-4",
      "outside ports of one inside address can be limited",
      "not yet: what one takes others lack",
      "one endpoint gets 4,000 of 4,536 ports",
      () => {
        const d = new Dataplane({ conntrackMax: 8192 });
        for (let n = 0; n < 4000; n++) ask(d, "udp", 1000 + n);
        expect(d.state.pool.used).toBe(4000);
      },
    ),
    no(
      "REQ-5",
      "state of one inside address can be limited (should)",
      "not yet: the table is for whoever comes first",
      "one endpoint fills it",
      () => {
        const d = new Dataplane({ conntrackMax: 64 });
        for (let n = 0; n < 64; n++) ask(d, "udp", 1000 + n);
        expect(d.state.conntrack.used).toBe(64);
      },
    ),
    no(
      "REQ-6",
      "translation can be turned off for given destinations",
      "for a network as a whole it can",
      "from a network without masquerade the endpoint's own address goes out",
      () => {
        const d = new Dataplane();
        d.state.networks.flags[NET] = NO_MASQUERADE;
        expect(only(d.fromEndpoint(A, datagram({ src: IP_A, dst: SERVER }, 1000, SERVICE)))).toMatchObject({ src: IP_A, sport: 1000 });
        d.state.networks.flags[NET] = 0;
        expect(ask(d, "udp", 1001).src).toBe(HOST_IP);
      },
    ),
    no(
      "REQ-7",
      "endpoint-independent filtering (recommended)",
      "by address and port (decision 70)",
      "another port of the server that was asked does not get in",
      () => filtersByPort("udp"),
    ),
    no(
      "REQ-8",
      "a freed port rests for 120 s (should)",
      "it goes to the end of the queue of free ports, and rests as long as there are others",
      "with 8 ports in all, the ninth mapping gets a port that has just been freed",
      () => {
        const d = new Dataplane({ masqueradeFirst: MASQUERADE_FIRST, masqueradeLast: MASQUERADE_FIRST + 7 });
        const ports = Array.from({ length: 8 }, (_, n) => ask(d, "udp", 1000 + n).sport);
        d.at(d.now + 120);
        expect(ports).toContain(ask(d, "udp", 2000).sport);
      },
    ),
    notApplicable(
      "REQ-9",
      "subscribers control mappings by a protocol, like PCP",
      "that is what published ports are: by Docker, the API or the command line",
    ),
    yes("REQ-10", "manageable (should)", "flows with both sides, state and time, by the API", () => {
      const d = new Dataplane();
      const { sport } = ask(d, "udp", 1000);
      expect(d.flows()).toMatchObject([
        { proto: "udp", original: { src: `${IP_A}:1000` }, reply: { dst: `${HOST_IP}:${sport}` }, timeoutSec: 120 },
      ]);
    }),
    yes(
      "REQ-11",
      "no resources: drop, tell the sender (should), end no other mapping",
      "without a port left an endpoint is told, and the others stay",
      () => {
        const d = new Dataplane({ masqueradeFirst: MASQUERADE_FIRST, masqueradeLast: MASQUERADE_FIRST });
        const { sport } = ask(d, "udp", 1000);
        expect(only(d.fromEndpoint(B, datagram({ src: IP_B, dst: SERVER }, 1000, SERVICE)))).toMatchObject({ port: B, type: 3, code: 13 });
        expect([d.drops(B), d.flows().length]).toEqual([{ "no-port": 1 }, 1]);
        expect(reply(d, "udp", sport)).toHaveLength(1);
      },
      "with the code of RFC 5508 REQ-8",
    ),
    yes("REQ-12", "destinations are not logged (should)", "nothing is: a flow leaves no trace when it is over", () => {
      const d = new Dataplane();
      ask(d, "udp", 1000);
      const told = d.told.length;
      d.at(d.now + 120);
      expect([d.flows(), d.told.length]).toEqual([[], told]);
    }),
    yes("REQ-15", "outside ports are hard to guess (should)", "another seed, other ports", () => {
      const first = [1, 2].map((seed) => {
        const d = new Dataplane({ random: () => (seed * 0.37) % 1 });
        return Array.from({ length: 8 }, (_, n) => ask(d, "udp", 1000 + n).sport).join();
      });
      expect(first[0]).not.toBe(first[1]);
    }),
  ],
};
