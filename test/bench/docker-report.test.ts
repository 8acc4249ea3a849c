import { describe, expect, it } from "vitest";
import { CASES } from "../../bench/docker/cases.js";
import { connectionsByRule, KERNEL, moverOf } from "../../bench/docker/mover.js";
import { comparison, markdown } from "../../bench/docker/report.js";

describe("comparison of docker-proxy and tsproxy", () => {
  it("gives median and spread of each case, and tsproxy's ratio to docker-proxy in the same mode", () => {
    const rounds: Record<string, number[]> = {
      "docker-proxy, iptables": [1, 2, 3],
      "tsproxy, iptables": [4, 4, 4],
      "tsproxy (loop), iptables": [6, 5, 7],
      "network of tsproxy, iptables": [8],
      "docker-proxy, no iptables": [10],
      "tsproxy, no iptables": [],
      "tsproxy (loop), no iptables": [25],
      "network of tsproxy, no iptables": [],
    };
    const of = ({ name }: { name: string }): number[] => rounds[name]!;
    expect(
      comparison(CASES, [{ title: "speed", unit: "m/s", of }])
        .join("\n")
        .split("\n"),
    ).toEqual([
      "### speed",
      "m/s.",
      "| proxy, mode of dockerd       | median | lowest | highest | ÷ docker-proxy |",
      "| ---------------------------- | -----: | -----: | ------: | -------------: |",
      "| docker-proxy, iptables       |   2.00 |   1.00 |    3.00 |              – |",
      "| tsproxy, iptables            |   4.00 |   4.00 |    4.00 |           2.00 |",
      "| tsproxy (loop), iptables     |   6.00 |   5.00 |    7.00 |           3.00 |",
      "| network of tsproxy, iptables |   8.00 |   8.00 |    8.00 |           4.00 |",
      "| docker-proxy, no iptables    |   10.0 |   10.0 |    10.0 |              – |",
      "| tsproxy (loop), no iptables  |   25.0 |   25.0 |    25.0 |           2.50 |",
    ]);
  });

  it("reports one half when the other was not measured", () => {
    const machine = { cpu: "CPU", cores: 2, memoryGiB: 4, kernel: "6.1", node: "v20", tools: {} };
    const costs = { "docker-proxy, iptables": [{ run: 9, remove: 8, processes: 7, rss: 6, pss: 5 }] };
    const ports = {
      date: "2026-11-21T00:00:00Z",
      command: "npm run bench",
      machine,
      versions: { tsproxy: "0.1.0" },
      rounds: { iptables: 1, noIptables: 3 },
      ports: 20,
      costs,
    };
    const text = markdown({ ports });
    expect(text).toContain("docker run -p 20000-20019:20000-20019");
    expect(text).toContain("### `docker run`\n\ns.\n\n| proxy, mode of dockerd | median |");
    expect(text).toContain("| docker-proxy, iptables |   9.00 |");
    expect(text).not.toContain("## Traffic");
  });
});

describe("who moved the bytes", () => {
  // As iptables-save -c -t nat prints it under Docker 20.10
  const rules = (packets: number): string => `*nat
:DOCKER - [0:0]
[0:0] -A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 8080 -j MASQUERADE
[7:420] -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
[${packets}:60] -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8999 -j DNAT --to-destination 172.17.0.2:8080
[2:120] -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8201 -j DNAT --to-destination 172.17.0.2:5201
COMMIT
`;

  it("counts what docker's DNAT rules took, and nothing else", () => {
    expect(connectionsByRule(rules(5))).toBe(7);
    expect(connectionsByRule("*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n")).toBe(0);
  });

  it("names the kernel when a rule took connections, a proxy when it worked, both, or nobody", () => {
    const idle = rules(0).replace("[2:120]", "[0:0]");
    expect(moverOf(rules(5), 0.01, "docker-proxy")).toBe(KERNEL);
    expect(moverOf(idle, 3, "docker-proxy")).toBe("docker-proxy");
    expect(moverOf(rules(5), 3, "docker-proxy")).toBe(`${KERNEL} and docker-proxy`);
    expect(moverOf(idle, 0, "docker-proxy")).toBe("nobody");
    expect(moverOf(idle, 3, "tsproxy daemon", 100)).toBe("kernel (tsproxy's BPF) and tsproxy daemon");
  });
});
