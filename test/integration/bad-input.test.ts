/** Bad input: one line that names the offending word, exit code 2 (usage) or 1 (failed), and nothing created. */
import { expect } from "vitest";
import { type Case, onTsproxy, skipUnlessReadableByNobody } from "../support/cases.js";
import { type Containers, snapshot } from "../support/topology.js";
import { networkArgs, startInstance, tsproxy } from "../support/tsproxy.js";

/** Arguments, the word that the message must name, and the exit code. */
type Row = [args: string[], names: string, code: 1 | 2];

const P = (spec: string, names: string): Row => [["-p", spec], names, 2];

const MALFORMED: Row[] = [
  P("", "-p"),
  P("8999", "8999"),
  P("8999:8080", "8999"),
  P("172.17.0.4:8080", "172.17.0.4"),
  P("8999:172.17.0.4", "172.17.0.4"),
  P("8999:172.17.0.4:", "target port"),
  P("8999::8080", "target address"),
  P("x:172.17.0.4:8080", "x"),
  P("8999:172.17.0.4:http", "http"),
  P("0:172.17.0.4:8080", "'0'"),
  P("70000:172.17.0.4:8080", "70000"),
  P("-1:172.17.0.4:8080", "-1"),
  P("8999:172.17.0.4:0", "'0'"),
  P("8999:172.17.0.4:99999", "99999"),
  P("8999:172.17.0.999:8080", "172.17.0.999"),
  P("8999:172.17.4:8080", "172.17.4"),
  P("8999:web:8080", "web"),
  P("999.0.0.1:8999:172.17.0.4:8080", "999.0.0.1"),
  P("eth0:8999:172.17.0.4:8080", "eth0"),
  P("1:2:3:4:5:6", "1:2:3:4:5:6"),
  P("9000-8000:172.17.0.4:8000-9000", "9000-8000"),
  P("8000-:172.17.0.4:8000", "8000-"),
  P("8000-8009:172.17.0.4:9000-9005", "9000-9005"),
  P("8000-8001-8002:172.17.0.4:80", "8000-8001-8002"),
  P("8999:172.17.0.4:8080/dccp", "dccp"),
  P("8999:172.17.0.4:8080/xyz", "xyz"),
  P("8999/tcp:172.17.0.4:8080", "/tcp"),
  P("[::1:8999:172.17.0.4:8080", "[::1"),
  P("[::g]:8999:172.17.0.4:8080", "::g"),
  P("8999:fd00::4:8080", "8999:[fd00::4]:8080"),
  P("8999:[fe80::4%docker0]:8080", "fe80::4%docker0"),
  P("[fe80::1]:8999:172.17.0.4:8080", "%eth0"),
  P("[::ffff:192.0.2.1]:8999:172.17.0.4:8080", "write 192.0.2.1"),
  P(`[${"1:".repeat(9999)}]:8999:172.17.0.4:8080`, "too many"),
  P("8999:224.0.0.1:8080", "224.0.0.1"),
  P("8999:0.0.0.0:8080", "0.0.0.0"),
  P(" 8999:172.17.0.4:8080", " 8999"),
  P("8999:172.17.0.4:8080;id", "8080;id"),
];

const GOOD = ["-p", "8999:172.17.0.4:8080"];

const OPTIONS: Row[] = [
  [[], "-p", 2],
  [["-p"], "-p", 2],
  [["--publsh", "8999:172.17.0.4:8080"], "--publsh", 2],
  [["frobnicate"], "frobnicate", 2],
  [[...GOOD, "stray"], "stray", 2],
  [[...GOOD, "-p", "8999:172.17.0.5:8080"], "8999", 2],
  [["-p", "8000-8009:172.17.0.4:8000-8009", "-p", "127.0.0.1:8005:172.17.0.5:80"], "8005", 2],
  [[...GOOD, "--allow-from", "banana"], "banana", 2],
  [[...GOOD, "--allow-from", "192.0.2.0/33"], "192.0.2.0/33", 2],
  [[...GOOD, "--workers", "0"], "'0'", 2],
  [[...GOOD, "--workers", "many"], "many", 2],
  [[...GOOD, "--ready-fd", "x"], "x", 2],
  [[...GOOD, "--ready-fd", "77"], "77", 2],
  // Those of Node.js itself, as its pipes and pollers are.
  ...[4, 5, 6, 7, 8, 9].map((fd): Row => [[...GOOD, "--ready-fd", `${fd}`], `--ready-fd ${fd}: it is `, 2]),
  [["--json", "stats"], "tsproxy stats --json", 2],
  [[...GOOD, "stats"], "--publish", 2],
  [["stat"], "stats", 2],
  [[...GOOD, "--mtu", "1400"], "--mtu", 2],
  [["stats", "--pid", "x"], "x", 2],
];

const HOST: Row[] = [
  [["-p", "203.0.113.9:8999:172.17.0.4:8080"], "203.0.113.9", 1],
  [["-p", "8999:198.18.0.9:8080"], "198.18.0.9", 1],
  [["-p", "[2001:db8::99]:8999:172.17.0.4:8080"], "2001:db8::99", 1],
  [["-p", "[fe80::99%nosuch0]:8999:172.17.0.4:8080"], "fe80::99%nosuch0", 1],
  [["-p", "8999:[2001:db8:9::4]:8080"], "2001:db8:9::4", 1],
];

/** On a host whose IPv6 is switched off. */
const NO_IPV6: Row[] = [
  [["-p", "[::]:8999:172.17.0.4:8080"], "disable_ipv6", 1],
  [["-p", "8999:[fd00::4]:8080"], "disable_ipv6", 1],
  [["--relay", "-p", "[::1]:8999:172.17.0.4:8080"], "disable_ipv6", 1],
  [["--network", "10.44.0.0/24,fd00:44::/64"], "disable_ipv6", 1],
];

const NETWORK: Row[] = [
  [["--network", "banana"], "banana", 2],
  [["--network", "172.17.0.0/33"], "172.17.0.0/33", 2],
  [["--network", "172.17.0.5/16"], "172.17.0.5/16", 2],
  [["--network", "172.17.0.0/31"], "172.17.0.0/31", 2],
  [["--network", "127.0.0.0/8"], "127.0.0.0/8", 2],
  [["--network", "172.17.0.0/16", "--network", "172.17.128.0/17"], "172.17.128.0/17", 2],
  [["--network", "fd00::/127"], "/127", 2],
  [["--network", "fe80::/64"], "link-local", 2],
  [["--network", "172.17.0.0/16,10.0.0.0/24"], "one family", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "C1=fd00::4"], "fd00::4", 2],
  [["--network", "192.0.2.0/24"], "192.0.2.0/24", 1],
  [["--network", "192.0.0.0/16"], "192.0.0.0/16", 1],
  [["--network", "198.51.100.128/25"], "198.51.100.128/25", 1],
  [["--endpoint", "C1=172.17.0.4"], "--endpoint", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "C1"], "C1", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "C1=web"], "web", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "C1=10.9.9.9"], "10.9.9.9", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "C1=172.17.0.0"], "172.17.0.0", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "C1=172.17.255.255"], "172.17.255.255", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "C1=172.17.0.1"], "172.17.0.1", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "C1=172.17.0.4", "--endpoint", "C2=172.17.0.4"], "172.17.0.4", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "C1=172.17.0.4", "--endpoint", "C1=172.17.0.5"], "C1", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "C1=172.17.0.4", "--endpoint", "/var/run/netns/C1=172.17.0.5"], "C1", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "nosuch=172.17.0.4"], "nosuch", 1],
  [["--network", "172.17.0.0/16", "--endpoint", "999999999=172.17.0.4"], "999999999", 1],
  [["--network", "172.17.0.0/16", "--endpoint", "/nosuch/ns=172.17.0.4"], "/nosuch/ns", 1],
  [["--network", "172.17.0.0/16", "--endpoint", "/etc/passwd=172.17.0.4"], "/etc/passwd", 2],
  [["--network", "172.17.0.0/16", "--endpoint", "C1=172.17.0.4", "--endpoint", "nosuch=172.17.0.5"], "nosuch", 1],
  [["--network", "172.17.0.0/16", "--endpoint", "C1=172.17.0.4", "-p", "8999:172.17.0.9:8080"], "172.17.0.9", 2],
  [["--network", "172.17.0.0/16", "--mtu", "67"], "67", 2],
  [["--network", "172.17.0.0/16", "--masquerade-ports", "9-3"], "9-3", 2],
];

for (const [title, containers, rows] of [
  ["each malformed -p", "kernel", MALFORMED],
  ["each malformed option", "kernel", OPTIONS],
  ["addresses that the host does not have or cannot reach", "kernel", HOST],
  ["networks and endpoints that cannot be", "own", NETWORK],
] as [string, Containers, Row[]][]) {
  onTsproxy(`refuses ${title}, and creates nothing`, containers, async (c) => {
    const before = snapshots(c);
    for (const row of rows) await expectRefusal(c, row);
    expect(snapshots(c)).toEqual(before);
  });
}

onTsproxy(
  "refuses what needs IPv6 on a host that has it switched off, says how to switch it on, and creates nothing",
  "kernel",
  async (c) => {
    c.lab.sysctl(c.host, "net.ipv6.conf.all.disable_ipv6", 1);
    const before = snapshots(c);
    for (const row of NO_IPV6) await expectRefusal(c, row);
    expect(snapshots(c)).toEqual(before);
  },
);

onTsproxy("refuses a network that overlaps another instance's", "own", async (c) => {
  await startInstance(c.lab, c.host, networkArgs(c));
  await expectRefusal(c, [["--network", "172.17.128.0/17"], "172.17.128.0/17", 1]);
});

onTsproxy("refuses a namespace that has an eth0 or a default route already, and leaves these alone", "kernel", async (c) => {
  let args = ["--network", "10.88.0.0/16", "--endpoint", `${c.c1}=10.88.0.4`];
  c.lab.sysctl(c.c1, "net.ipv6.conf.all.disable_ipv6", 1); // no addresses that are still tried out
  const expectRefused = async (what: string): Promise<void> => {
    const before = snapshots(c);
    await expectRefusal(c, [args, what, 1]);
    expect(snapshots(c)).toEqual(before);
  };
  await expectRefused("has a device 'eth0' already");
  c.lab.ip(c.c1, `link set eth0 down\nlink set eth0 name lan0\nlink set lan0 up\nroute replace default via 172.17.0.1`);
  await expectRefused("has a default route of IPv4 already: remove it there ('ip route del default')");
  args = ["--network", "fd00:88::/64", "--endpoint", `${c.c1}=fd00:88::4`];
  for (const conf of ["all", "lan0"]) c.lab.sysctl(c.c1, `net.ipv6.conf.${conf}.accept_dad`, 0);
  c.lab.sysctl(c.c1, "net.ipv6.conf.all.disable_ipv6", 0);
  c.lab.ip(c.c1, "route add ::/0 via fe80::1 dev lan0");
  await expectRefused("has a default route of IPv6 already: remove it there ('ip -6 route del default'");
});

onTsproxy("says what is missing without privileges: for a network, and for a port below 1024", "own", async (c) => {
  skipUnlessReadableByNobody(c);
  const before = snapshots(c);
  const wrap = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"];
  for (const [args, names] of [
    [networkArgs(c), /root|CAP_NET_ADMIN/],
    [["-p", "80:192.0.2.10:8080"], /80.*(root|CAP_NET_BIND_SERVICE)/],
  ] as const) {
    const { code, stderr } = await tsproxy(c.lab, c.host, [...args], { wrap });
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(names);
    expect(stderr).not.toMatch(/^ +at /m);
  }
  expect(snapshots(c)).toEqual(before);
});

onTsproxy("ends when it cannot say what it publishes, though its thread sleeps, and leaves nothing", "kernel", async (c) => {
  const before = snapshots(c);
  const wrap = ["sh", "-c", 'exec "$@" > /dev/full', "sh"];
  const { code, stderr } = await tsproxy(c.lab, c.host, GOOD, { wrap });
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(/standard output|ENOSPC/);
  expect(snapshots(c)).toEqual(before);
});

/** C1 and C2 in the arguments stand for the containers' namespaces. */
async function expectRefusal(c: Case, [args, names, code]: Row): Promise<void> {
  const named = (word: string): string => word.replace(/\bC1\b/, c.c1).replace(/\bC2\b/, c.c2);
  const result = await tsproxy(c.lab, c.host, args.map(named));
  const what = `tsproxy ${args.join(" ")}\n${result.stdout}${result.stderr}`;
  expect(result.code, what).toBe(code);
  expect(result.stdout, what).toBe("");
  expect(result.stderr.trimEnd().split("\n"), what).toHaveLength(1);
  expect(result.stderr, what).toContain(named(names));
}

function snapshots(c: Case): string[] {
  return [c.host, c.c1, c.c2].map((ns) => snapshot(c, ns));
}
