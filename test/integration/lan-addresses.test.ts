/** Addresses that a LAN itself gives: by DHCP to the standard client in a sandbox, by a router's advertisement, and what both families do about duplicates. */
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ping } from "../support/clients.js";
import * as p from "../support/packets.js";
import { eventually } from "../support/proc.js";
import { CLIENT, SandboxHost } from "../support/sandbox-host.js";
import { Wire } from "../support/wire.js";

const [MAC, MAC_FREE] = ["02:00:00:00:d0:01", "02:00:00:00:d0:02"];
const RESERVED = "192.0.2.130";

let h: SandboxHost;
beforeAll(async () => {
  h = await SandboxHost.start();
});
afterAll(() => h.close());

/** A DHCP server at the client, which has one address for MAC, and some for anybody. */
function startServer(): void {
  const conf = path.join(h.lab.dir, "udhcpd.conf");
  const leases = path.join(h.lab.dir, "leases");
  fs.writeFileSync(leases, "");
  fs.writeFileSync(
    conf,
    `interface lan0\nstart 192.0.2.60\nend 192.0.2.69\nlease_file ${leases}\npidfile ${h.lab.dir}/udhcpd.pid\nstatic_lease ${MAC} ${RESERVED}\nopt subnet 255.255.255.0\nopt router ${CLIENT}\n`,
  );
  h.lab.start(h.client, ["busybox", "udhcpd", "-f", conf]);
}

/** Asks for a lease in a sandbox; the address that the client got, and has. */
async function lease(name: string, ...more: string[]): Promise<string> {
  const script = path.join(h.lab.dir, "lease.sh");
  fs.writeFileSync(script, '#!/bin/sh\n[ "$1" = bound ] || exit 0\nip address replace "$ip/$mask" dev "$interface"\n', { mode: 0o755 });
  const client = ["busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-t", "15", "-T", "1", "-s", script, ...more];
  const { stderr } = await h.inside(name, ...client);
  return /lease of (\S+) obtained/.exec(stderr)?.[1] ?? stderr;
}

it("DHCP: the standard client gets the address that the sandbox was given for its MAC, or with tsproxy.spoof=allow any", async () => {
  startServer();
  const range = ["--subnet", "192.0.2.0/24", "--gateway", CLIENT];
  const create = (driver: string, name: string, ...more: string[]): Promise<string> =>
    h.ok("network", "create", "-d", driver, "-o", "parent=lan0", ...range, ...more, name);
  const dhcp = await h.call("run", "--rm", "--ip", "dhcp", "--", "true");
  expect(dhcp).toMatchObject({
    stderr: expect.stringMatching(/invalid IPv4 address: dhcp: name the address that the LAN's DHCP server has/),
  });

  await create("macvlan", "lan");
  await h.ok("run", "-d", "--network", "lan", "--name", "own", "--mac-address", MAC, "--ip", RESERVED, "--", "sleep", "1000");
  expect(await lease("own")).toBe(RESERVED);
  // A lease for another address is of no use to who is held to the first.
  await h.ok("run", "-d", "--network", "lan", "--name", "held", "--mac-address", MAC_FREE, "--", "sleep", "1000");
  const leased = await lease("held");
  expect(leased).toMatch(/^192\.0\.2\.6\d$/);
  expect((await ping(h.lab, h.client, leased, ["-W", "0.5"])).received).toBe(0);
  await h.ok("rm", "-f", "own", "held");
  await h.ok("network", "rm", "lan");

  await create("macvlan", "free", "-o", "tsproxy.spoof=allow");
  await h.ok("run", "-d", "--network", "free", "--name", "free", "--mac-address", MAC_FREE, "--", "sleep", "1000");
  expect(await lease("free")).toBe(leased);
  await eventually("the way", async () => (await ping(h.lab, h.client, leased)).received === 3);
  await h.ok("rm", "-f", "free");
  await h.ok("network", "rm", "free");

  await create("ipvlan", "ip");
  await h.ok("run", "-d", "--network", "ip", "--name", "ip", "--mac-address", MAC, "--ip", RESERVED, "--", "sleep", "1000");
  expect(await lease("ip")).toBe(RESERVED); // without being told to ask for answers by broadcast
  await h.ok("rm", "-f", "ip");
  await h.ok("network", "rm", "ip");
});

it("a router's advertisements reach a sandbox, which makes itself an address of them where it may, and finds duplicates", async () => {
  await h.ok("network", "create", "-d", "macvlan", "-o", "parent=lan0", "--subnet", "192.0.2.0/24", "--gateway", CLIENT, "lan");
  await h.ok("run", "-d", "--network", "lan", "--name", "a", "--mac-address", MAC, "--", "sleep", "1000");
  await h.inside("a", "ip", "link", "set", "eth0", "addrgenmode", "eui64");
  for (const setting of ["accept_ra=2", "accept_dad=1", "disable_ipv6=0"])
    expect((await h.inside("a", "sysctl", "-w", `net.ipv6.conf.eth0.${setting}`)).code).toBe(0);
  const router = await Wire.tap(h.lab, h.client, "lan0");
  const [link, prefix] = ["fe80::77", "2001:db8:7::"];
  h.lab.ip(h.client, `address add ${prefix}10/64 dev lan0 nodad`);
  // Router lifetime 600 s, then a prefix that is on the link and for addresses (RFC 4861 §4.2, §4.6.2).
  const body = p.join(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0), Uint8Array.of(3, 4, 64, 0xc0, 0, 0, 0x0e, 0x10, 0, 0, 0x0e, 0x10, 0, 0, 0, 0), p.ip6Bytes(prefix)); // biome-ignore format: by field
  const advertisement = p.icmp({ src: link, dst: "ff02::1", ttl: 255 }, 134, 0, 0x40000258, body);
  const address = await eventually("address by the advertisement", async () => {
    router.send(p.frame("33:33:00:00:00:01", "02:00:00:00:77:77", advertisement));
    const { stdout } = await h.inside("a", "ip", "-6", "-o", "address", "show", "dev", "eth0", "scope", "global", "-tentative");
    return /inet6 (2001:db8:7:\S+)\//.exec(stdout)?.[1];
  });
  expect((await ping(h.lab, h.client, address)).received).toBe(3);

  await h.inside("a", "ip", "address", "add", `${prefix}10/64`, "dev", "eth0");
  await eventually("the duplicate", async () => (await h.inside("a", "ip", "-6", "address", "show", "dev", "eth0", "dadfailed")).stdout.includes(`${prefix}10/`)); // biome-ignore format: one condition
  await h.ok("rm", "-f", "a");
  await h.ok("network", "rm", "lan");
});
