/**
 * The host's kernel decides first: its firewall, as administrators and their tools write it, holds for published ports as it does for a
 * program of the host that listens there.
 */
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { type Case, forEachKind, onTsproxy } from "../support/cases.js";
import { connect, curl, IN_VAIN, ncUdp, REFUSED, TIMED_OUT } from "../support/clients.js";
import { sleep } from "../support/proc.js";
import { type Server, serve } from "../support/servers.js";
import { ADDR, type Containers } from "../support/topology.js";
import { networkArgs, startInstance, type TsproxyProcess, tsproxy } from "../support/tsproxy.js";

const MAPPINGS = ["-p", "8999:172.17.0.4:8080", "-p", "8999:172.17.0.4:5300/udp"];
/** As the tool that it is named after has made them; who made them how is written at their top. They let 192.0.2.0/28 to port 8999/tcp. */
const RULES = (file: string): string => fs.readFileSync(fileURLToPath(new URL(`../fixtures/firewall/${file}`, import.meta.url)), "utf8");

/** A host that lets in nothing but what it asked for, and what it says to itself. */
const DROPPING = {
  nft: {
    command: ["nft", "-f", "-"],
    rules: `table inet guard {
  chain input { type filter hook input priority 0; policy drop; iif lo accept; ct state established,related accept; }
  chain forward { type filter hook forward priority 0; policy drop; }
}
`,
  },
  iptables: {
    command: ["iptables-restore"],
    rules: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
  },
};

function drop({ lab, host }: Case, tool: keyof typeof DROPPING): void {
  lab.runSync(host, DROPPING[tool].command, DROPPING[tool].rules);
}

async function begin(c: Case, args: string[] = []): Promise<{ instance: TsproxyProcess; http: Server; udp: Server }> {
  const instance = await startInstance(c.lab, c.host, [...MAPPINGS, ...networkArgs(c), ...args]);
  return { instance, http: await serve(c.lab, c.c1, "http", 8080), udp: await serve(c.lab, c.c1, "udp", 5300) };
}

const tcp = async ({ lab }: Case, from: string, at: string): Promise<number> =>
  (await curl(lab, from, `${at}:8999`, ["--connect-timeout", "1"])).code;
const udp = async ({ lab }: Case, from: string, at: string): Promise<boolean> => (await ncUdp(lab, from, at, 8999, "x")) !== "";
/** As `tcp` and `udp`, of what must not get through. */
const tcpInVain = async ({ lab }: Case, from: string, at: string): Promise<number> =>
  (await curl(lab, from, `${at}:8999`, IN_VAIN.curl)).code;
const udpInVain = async ({ lab }: Case, from: string, at: string): Promise<boolean> =>
  (await ncUdp(lab, from, at, 8999, "x", IN_VAIN.nc)) !== "";

/** The host itself, by each of its addresses. */
async function expectHostServed(c: Case): Promise<void> {
  for (const at of ["127.0.0.1", ADDR.host, ADDR.gateway]) {
    expect(await tcp(c, c.host, at), at).toBe(0);
    expect(await udp(c, c.host, at), at).toBe(true);
  }
}

const WAYS: [name: string, containers: Containers, args: string[]][] = [
  ["containers on a kernel bridge", "kernel", []],
  ["containers on a kernel bridge, by TypeScript alone", "kernel", ["--offload", "never"]],
  ["containers in its own network", "own", []],
  ["containers in its own network, by two workers", "own", ["--workers", "2"]],
];

describe.each(WAYS)("%s", (_, containers, args) => {
  for (const tool of ["nft", "iptables"] as const)
    onTsproxy(`a policy of DROP in INPUT keeps clients out, by ${tool}, until a rule lets them in`, containers, async (c) => {
      drop(c, tool);
      const { http, udp: datagrams, instance } = await begin(c, args);
      const tries = [
        [c.client, ADDR.host],
        [c.lan2, ADDR.host],
        [c.c2, ADDR.host], // as everybody else: it goes to an address of the host
        [c.c2, ADDR.gateway],
      ] as const;
      // All at once: each waits in vain.
      const results = await Promise.all(tries.map(async ([from, at]) => Promise.all([tcpInVain(c, from, at), udpInVain(c, from, at)])));
      expect(results).toEqual(tries.map(() => [TIMED_OUT, false]));
      expect([http.peers, datagrams.peers]).toEqual([[], []]);
      expect(await instance.created()).toBe(0);
      await expectHostServed(c);
      if (tool === "nft") {
        const rule = (what: string): string => c.lab.runSync(c.host, ["sh", "-c", `nft insert rule inet guard input ${what} accept`]);
        rule(`ip saddr ${ADDR.client} tcp dport 8999`);
        rule(`ip saddr ${ADDR.client} udp dport 8999`);
      } else {
        for (const proto of ["tcp", "udp"])
          c.lab.runSync(c.host, ["iptables", "-A", "INPUT", "-p", proto, "-s", ADDR.client, "--dport", "8999", "-j", "ACCEPT"]);
      }
      expect(await tcp(c, c.client, ADDR.host)).toBe(0);
      expect(await udp(c, c.client, ADDR.host)).toBe(true);
      expect(await tcpInVain(c, c.lan2, ADDR.host)).toBe(TIMED_OUT);
      expect([http.hosts.at(-1), datagrams.hosts.at(-1)]).toEqual([ADDR.client, ADDR.client]);
    });

  onTsproxy("ufw's rules let in whom they say", containers, async (c) => {
    c.lab.runSync(c.host, ["iptables-restore"], RULES("ufw.rules"));
    await begin(c, args);
    expect(await tcp(c, c.client, ADDR.host)).toBe(0);
    const others = await Promise.all([udpInVain(c, c.client, ADDR.host), tcpInVain(c, c.lan2, ADDR.host2)]);
    expect(others).toEqual([false, TIMED_OUT]); // the rule is for TCP
    await expectHostServed(c);
  });

  onTsproxy("firewalld's rules let in whom they say, and refuse others", containers, async (c) => {
    c.lab.runSync(c.host, ["nft", "-f", "-"], RULES("firewalld.nft"));
    await begin(c, args);
    expect(await tcp(c, c.client, ADDR.host)).toBe(0);
    expect(await udpInVain(c, c.client, ADDR.host)).toBe(false);
    expect(await tcp(c, c.lan2, ADDR.host2)).toBe(REFUSED); // at once: it rejects
    await expectHostServed(c);
  });

  onTsproxy("a rule that comes later holds for what is open, too, once `tsproxy flows --delete` has ended that", containers, async (c) => {
    const instance = await startInstance(c.lab, c.host, ["-p", "8999:172.17.0.4:8080", ...networkArgs(c), ...args]);
    await serve(c.lab, c.c1, "tcp", 8080);
    const banned = await connect(c.lab, c.client, ADDR.host, 8999);
    const other = await connect(c.lab, c.lan2, ADDR.host2, 8999);
    for (const connections of [banned, other]) await connections.exchange("before the rule");
    c.lab.runSync(c.host, ["iptables", "-I", "INPUT", "-s", ADDR.client, "-j", "DROP"]);
    for (const connections of [banned, other]) await connections.exchange("after the rule");
    const { stdout } = await tsproxy(c.lab, c.host, ["flows", "--delete", "--client", ADDR.client, "--port", "8999"]);
    expect(stdout).toBe("1 flow ended\n");
    banned.proc.write("after the end\n");
    await other.exchange("after the end");
    await sleep(300);
    expect(banned.text()).not.toContain("after the end");
    expect((await instance.flows()).map(({ original }) => original.src)).toEqual([expect.stringMatching(/^198\.51\.100\.11:/)]);
  });

  onTsproxy("--firewall bypass takes packets before the firewall sees them", containers, async (c) => {
    drop(c, "nft");
    const { http } = await begin(c, [...args, "--firewall", "bypass"]);
    expect(await tcp(c, c.client, ADDR.host)).toBe(0);
    expect(await udp(c, c.client, ADDR.host)).toBe(true);
    expect(await tcp(c, c.c2, ADDR.host)).toBe(0);
    await expectHostServed(c);
    expect(http.hosts[0]).toBe(ADDR.client);
  });
});

forEachKind((kind) => {
  for (const [tool, ban] of [
    [
      "nftables",
      [
        "nft add table inet f2b-table",
        "nft -- add chain inet f2b-table f2b-chain '{ type filter hook input priority -1; }'",
        "nft add set inet f2b-table addr-set-web '{ type ipv4_addr; }'",
        "nft add rule inet f2b-table f2b-chain tcp dport '{ 8999 }' ip saddr @addr-set-web reject",
        `nft add element inet f2b-table addr-set-web '{ ${ADDR.client} }'`,
      ],
    ],
    [
      "iptables",
      [
        "iptables -N f2b-web",
        "iptables -A f2b-web -j RETURN",
        "iptables -I INPUT -p tcp -m multiport --dports 8999 -j f2b-web",
        `iptables -I f2b-web 1 -s ${ADDR.client} -j REJECT --reject-with icmp-port-unreachable`,
      ],
    ],
  ] as const)
    onTsproxy(`a ban of fail2ban's by ${tool} refuses new connections, also from the port of one that is open`, kind, async (c) => {
      await begin(c);
      c.lab.sysctl(c.client, "net.ipv4.tcp_max_tw_buckets", 0); // else its port would be in TIME_WAIT
      const open = await connect(c.lab, c.client, ADDR.host, 8999, 1, `${ADDR.client}:41000`);
      for (const command of ban) c.lab.runSync(c.host, ["sh", "-c", command]);
      expect(await tcp(c, c.client, ADDR.host)).toBe(REFUSED);
      expect(await tcp(c, c.lan2, ADDR.host)).toBe(0);
      await open.proc.stop(); // ends its connection, whose flow is known for some time yet
      expect((await curl(c.lab, c.client, `${ADDR.host}:8999`, ["--local-port", "41000"])).code).toBe(REFUSED);
    });
});
