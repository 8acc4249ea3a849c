/** Who is left in TIME-WAIT after new connections, and what the generator of the traffic says of errors. */
import { describe, expect, it } from "vitest";
import { leftSection } from "../../bench/left.js";
import { duration } from "../../bench/page.js";
import { tcpExtOf, timeWaitOf } from "../../bench/time-wait.js";
import { WORKLOADS } from "../../bench/workloads/all.js";
import { LEFT, parseWrk } from "../../bench/workloads/http.js";
import { secondsOf } from "../../bench/workloads/workload.js";

// As a namespace of Linux 6.18 has them.
const SOCKSTAT = `sockets: used 12
TCP: inuse 3 orphan 0 tw 13514 alloc 4 mem 1
UDP: inuse 1 mem 0
`;
const NETSTAT = `TcpExt: SyncookiesSent PAWSTimewait TCPSynRetrans TCPTimeWaitOverflow
TcpExt: 0 3 3627 0
IpExt: InNoRoutes TCPSynRetrans
IpExt: 1 2
`;
const WRK = `Running 3s test @ http://192.0.2.1:8999/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   812.12us    1.02ms  20.11ms   91.00%
    Req/Sec    13.49k     1.13k   15.40k    70.00%
  40261 requests in 3.00s, 3.26MB read
Requests/sec:  13413.18
Transfer/sec:      1.09MB
`;

describe("counters of a namespace", () => {
  it("are read by their names: TIME-WAIT from sockstat, others from netstat", () => {
    expect(timeWaitOf(SOCKSTAT)).toBe(13_514);
    expect(tcpExtOf(NETSTAT, "TCPSynRetrans")).toBe(3_627);
    expect(tcpExtOf(NETSTAT, "PAWSTimewait")).toBe(3);
  });

  it("are no number where the kernel does not have them", () => {
    expect(timeWaitOf("sockets: used 1\n")).toBeNaN();
    expect(tcpExtOf(NETSTAT, "NoSuch")).toBeNaN();
    expect(tcpExtOf("", "TCPSynRetrans")).toBeNaN();
  });
});

describe("what wrk says", () => {
  it("is a rate, and that all went well, where it tells of no errors", () => {
    expect(parseWrk(WRK)).toEqual({ rate: 13_413.18, answered: 40_261, failed: 0 });
  });

  it("is kept with its errors: a client without a port, an end that was reset, an answer that did not come", () => {
    const { failed, remark } = parseWrk(
      WRK.replace("Requests/sec", "  Socket errors: connect 16, read 3, write 0, timeout 1\nRequests/sec"),
    );
    expect(failed).toBe(20);
    expect(remark).toBe("errors of wrk beside 40261 answers: connect 16, read 3, write 0, timeout 1");
  });

  it("is no result where somebody else answers than the server", () => {
    expect(() => parseWrk(WRK.replace("Requests/sec", "  Non-2xx or 3xx responses: 7\nRequests/sec"))).toThrow(/7 of 40261 answers/);
  });
});

it("new connections are measured for longer than a client's ports last, other workloads for as long as was asked", () => {
  const seconds = (name: string, asked: number): number => secondsOf(WORKLOADS.find((workload) => workload.name === name)!, asked);
  expect([seconds("connections", 1), seconds("connections", 5), seconds("requests", 1)]).toEqual([3, 5, 1]);
  expect(duration({ seconds: 1, lasting: { connections: 3 } })).toBe("1 s (connections: 3 s)");
  expect(duration({ seconds: 3 })).toBe("3 s");
});

describe("the table of what is left", () => {
  const values: Record<string, number[]> = {
    "connections-answered": [40_261, 35_819, 38_000],
    "connections-failed": [0, 16, 0],
    "connections-syn-again": [0, 0, 0],
    "time-wait-client": [64, 33, 410],
    "time-wait-between": [0, 0, 0],
    "time-wait-server": [13_514, 13_293, 13_300],
  };

  it("has the medians of both ends and of what lies between, a line for each peer that was counted", () => {
    const text = leftSection("peer", (metric) => [
      { label: "one", values: values[metric]! },
      { label: "not counted", values: [] },
    ]).join("\n");
    expect(text).toMatch(/^\| peer \| answered \| failed \| SYNs sent again \| client \| between \| server \|$/m);
    expect(text).toMatch(/^\| one {2}\| +38,000 \| +0 \| +0 \| +64 \| +0 \| 13,300 \|$/m);
    expect(text).not.toContain("not counted");
    expect(LEFT.map(({ name }) => name)).toEqual(Object.keys(values));
  });

  it("says of results of before that nobody counted", () => {
    expect(leftSection("peer", () => [{ label: "one", values: [] }])).toEqual([expect.stringMatching(/of before .* TIME-WAIT/)]);
  });
});
