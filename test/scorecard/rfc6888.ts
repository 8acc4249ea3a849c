/** RFC 6888: Common Requirements for Carrier-Grade NATs: those that make sense for a container host. */
import { expect } from "vitest";
import { NO_MASQUERADE } from "../../src/table/networks.js";
import { A, B, Dataplane, HOST_IP, IP_A, IP_B, MASQUERADE_FIRST, NET, only, SERVER, UP } from "../support/dataplane.js";
import { Flow } from "../support/flows.js";
import { Random } from "../support/random.js";
import { ask, datagram, OTHER_SERVER, SERVICE } from "./probes.js";
import { no, notApplicable, type Rfc, yes } from "./requirement.js";
import { filtersByPort, sharesPorts } from "./shared.js";

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
    yes(
      "REQ-4",
      "outside ports of one inside address can be limited",
      "one endpoint gets seven eighths of them to one server; then another gets its own still",
      () => {
        const d = new Dataplane({ conntrackMax: 16_384 });
        for (let n = 0; n < 4536; n++) d.fromEndpoint(A, datagram({ src: IP_A, dst: SERVER }, 1000 + n, SERVICE));
        expect(d.state.pool.used).toBe((4536 * 7) / 8);
        expect(ask(d, "udp", 1000, SERVER, B).src).toBe(HOST_IP);
      },
    ),
    yes(
      "REQ-5",
      "state of one inside address can be limited (should)",
      "one endpoint's connections take seven eighths of the table; another opens its own still",
      () => {
        const d = new Dataplane({ conntrackMax: 64 });
        const connection = (from: number, sport: number): boolean =>
          new Flow(d, { from, src: from === A ? IP_A : IP_B, sport, dst: SERVER, dport: SERVICE }).open();
        const opened = Array.from({ length: 64 }, (_, n) => connection(A, 1000 + n)).filter((open) => open);
        expect([opened.length, connection(B, 1000)]).toEqual([56, true]);
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
      "one of the half that has rested for longest is taken; there is no timer",
      "the only port there is serves again as soon as it is free",
      () => {
        const d = new Dataplane({ masqueradeFirst: MASQUERADE_FIRST, masqueradeLast: MASQUERADE_FIRST });
        const { sport } = ask(d, "udp", 1000);
        d.at(d.now + 120);
        expect(ask(d, "udp", 2000).sport).toBe(sport);
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
    no(
      "REQ-11",
      "no resources: drop, tell the sender (should), end no other mapping",
      "who is not answered for 2 s makes room, else a flood of such would keep everybody out; what both ends keep up stays",
      "without a port left an endpoint is told; 2 s later it gets that of the one not answered",
      () => {
        const d = new Dataplane({ masqueradeFirst: MASQUERADE_FIRST, masqueradeLast: MASQUERADE_FIRST });
        ask(d, "udp", 1000);
        const packet = datagram({ src: IP_B, dst: SERVER }, 1000, SERVICE);
        expect(only(d.fromEndpoint(B, packet))).toMatchObject({ port: B, type: 3, code: 13 });
        d.at(d.now + 2);
        expect(only(d.fromEndpoint(B, packet))).toMatchObject({ port: UP, src: HOST_IP });
        expect(d.flows()).toHaveLength(1);
      },
    ),
    yes("REQ-12", "destinations are not logged (should)", "nothing is: a flow leaves no trace when it is over", () => {
      const d = new Dataplane();
      ask(d, "udp", 1000);
      const told = d.told.length;
      d.at(d.now + 120);
      expect([d.flows(), d.told.length]).toEqual([[], told]);
    }),
    yes("REQ-13", "ports are made the most of (should)", "four ports serve eight inside ports, each to a server of its own", () =>
      sharesPorts("udp"),
    ),
    notApplicable("REQ-14", "little is logged (should)", "nothing is"),
    yes("REQ-15", "outside ports are hard to guess (should)", "another seed, other ports", () => {
      const first = [1, 2].map((seed) => {
        const d = new Dataplane({ random: new Random(seed).int32 });
        return Array.from({ length: 8 }, (_, n) => ask(d, "udp", 1000 + n).sport).join();
      });
      expect(first[0]).not.toBe(first[1]);
    }),
  ],
};
