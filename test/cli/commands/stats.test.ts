import { expect, it } from "vitest";
import type { StatsView } from "../../../src/api/types.js";
import { showStats } from "../../../src/cli/commands/stats.js";
import { useInstances, written } from "../../support/instances.js";

const stats: StatsView = {
  pid: 42,
  version: "1.2.3",
  uptimeSec: 3725,
  mappings: [
    {
      hostIp: "0.0.0.0",
      hostPort: 8999,
      hostPortEnd: 8999,
      targetIp: "172.17.0.4",
      targetPort: 8080,
      targetPortEnd: 8080,
      proto: "tcp",
      via: "dataplane",
    },
  ],
  ports: [
    { port: 0, name: "tspup0", kind: "uplink", rxPackets: 5, rxBytes: 999, txPackets: 1234, txBytes: 1500000, drops: {} },
    {
      port: 1,
      name: "eth0",
      kind: "endpoint",
      address: "172.17.0.4",
      rxPackets: 7,
      rxBytes: 0,
      txPackets: 8,
      txBytes: 1,
      drops: { ttl: 1, "no-route": 3 },
    },
  ],
  drops: { ttl: 1, "no-route": 3 },
  flows: { active: 2, capacity: 262144, created: 10, expired: 8, refused: 0, evicted: 3 },
  holders: [
    { kind: "client", name: "192.0.2.7", flows: 2, limited: false },
    { kind: "port", name: "8999/tcp", flows: 2, limited: true },
  ],
  steering: { taken: 12 },
};

const instance = useInstances();
const ALL = { json: false, pid: undefined };

it("shows published ports, devices and counters as tables", async () => {
  await instance(42, "standalone", { stats: () => stats });
  expect(await written((write) => showStats(ALL, write))).toBe(
    [
      "tsproxy 1.2.3, pid 42, up 1h 2m",
      "",
      "MAPPING                              VIA",
      "0.0.0.0:8999 -> 172.17.0.4:8080/tcp  dataplane",
      "",
      "PORT    KIND      ADDRESS     RX PACKETS  RX BYTES  TX PACKETS  TX BYTES  DROPS",
      "tspup0  uplink    -                    5  999 B           1234  1.5 MB    none",
      "eth0    endpoint  172.17.0.4           7  0 B                8  1 B       no-route 3, ttl 1",
      "",
      "MOST FLOWS  KIND    FLOWS  REFUSED",
      "192.0.2.7   client      2  no",
      "8999/tcp    port        2  yes",
      "",
      "Flows:     2 of 262144 (10 created, 8 expired, 3 evicted, 0 refused)",
      "Drops:     no-route 3, ttl 1",
      "Steering:  taken 12",
      "",
    ].join("\n"),
  );
});

it("puts IPv6 addresses into brackets", async () => {
  const mappings = stats.mappings.map((mapping) => ({ ...mapping, hostIp: "::", hostPort: 8081, hostPortEnd: 8081 }));
  await instance(42, "standalone", { stats: () => ({ ...stats, mappings }) });
  expect(await written((write) => showStats(ALL, write))).toContain("\n[::]:8081 -> 172.17.0.4:8080/tcp");
});

it("says whether the kernel carries flows, and why not", async () => {
  let offload: StatsView["offload"];
  await instance(42, "standalone", { stats: () => ({ ...stats, offload }) as StatsView });
  const shown = async (is: StatsView["offload"]): Promise<string> => {
    offload = is;
    return /^Offload: +(.*)$/m.exec(await written((write) => showStats(ALL, write)))?.[1] ?? "";
  };
  expect(await shown({ mode: "auto", ipv4: true, ipv6: true, refused: 0 })).toBe("auto, on for IPv4 and IPv6");
  expect(await shown({ mode: "always", ipv4: true, ipv6: false, refused: 0 })).toBe("always, on for IPv4");
  expect(await shown({ mode: "auto", ipv4: false, ipv6: false, refused: 1, reason: "the verifier" })).toBe(
    "auto, off (1 refused: the verifier)",
  );
  expect(await shown({ mode: "auto", ipv4: true, ipv6: true, refused: 4 })).toBe("auto, on for IPv4 and IPv6 (4 refused)");
  expect(await shown({ mode: "auto", ipv4: true, ipv6: true, refused: 0, loading: true })).toBe("auto, loading");
  expect(await shown({ mode: "never", ipv4: false, ipv6: false, refused: 0 })).toBe("never");
});

it("prints JSON as it came", async () => {
  await instance(42, "standalone", { stats: () => stats });
  expect(JSON.parse(await written((write) => showStats({ json: true, pid: undefined }, write)))).toEqual(stats);
});

it("shows an older instance too, which does not say who has most flows", async () => {
  const {
    holders: _,
    flows: { evicted: __, ...flows },
    ...older
  } = stats;
  await instance(42, "standalone", { stats: () => ({ ...older, flows }) });
  const text = await written((write) => showStats(ALL, write));
  expect(text).toContain("(10 created, 8 expired, 0 evicted, 0 refused)");
  expect(text).not.toContain("MOST FLOWS");
});
