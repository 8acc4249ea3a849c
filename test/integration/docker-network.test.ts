/**
 * Docker's networks through tsproxy under a real dockerd. What users know of Docker's bridge runs with `-d bridge` and with `-d tsproxy`, and the
 * same must come of it; where tsproxy differs on purpose, the case says so.
 */
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, type TestContext } from "vitest";
import { ncUdp } from "../support/clients.js";
import { DockerHost, IMAGE } from "../support/docker-network.js";
import { dockerObstacle } from "../support/dockerd.js";
import { eventually } from "../support/proc.js";
import { type Server, serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";

const obstacle = dockerObstacle();
let h: DockerHost;

beforeAll(async () => {
  if (obstacle === undefined) h = await DockerHost.start();
});
afterAll(() => h?.remove());

type Kind = "bridge" | "tsproxy";

/** The case with a network `net` of each driver; `create` goes to `docker network create`. */
function onEach(name: string, create: string[], body: (kind: Kind, ctx: TestContext) => Promise<void>): void {
  for (const kind of ["bridge", "tsproxy"] as const) on(`${name} [${kind}]`, kind, create, body);
}

function on(name: string, kind: Kind, create: string[], body: (kind: Kind, ctx: TestContext) => Promise<void>): void {
  it(name, async (ctx) => {
    if (obstacle !== undefined) ctx.skip(obstacle);
    onTestFinished(() => h.clear());
    await h.docker.must("network", "create", "-d", h.driverOf(kind), ...create, "net");
    await body(kind, ctx);
  });
}

const NET = ["--network", "net"];

/** An HTTP server on the LAN, for this case. */
async function serveOutside(): Promise<Server> {
  const server = await serve(h.lab, h.world.client, "http", 9000);
  onTestFinished(async () => void (await server.proc.stop()));
  return server;
}

describe("a network", () => {
  onEach(
    "has the subnet, gateway and range asked for",
    ["--subnet", "10.90.0.0/16", "--gateway", "10.90.0.9", "--ip-range", "10.90.7.0/24"],
    async () => {
      await h.web("web", ...NET);
      expect(await h.address("web", "net")).toMatch(/^10\.90\.7\./);
      expect(await h.docker.inspect("web", "{{.NetworkSettings.Networks.net.Gateway}}")).toBe("10.90.0.9");
      const mac = await h.docker.inspect("web", "{{.NetworkSettings.Networks.net.MacAddress}}");
      expect(await h.exec("web", "ip", "addr", "show", "eth0")).toContain(`link/ether ${mac}`);
      expect(await h.exec("web", "ip", "route")).toMatch(/^default via 10\.90\.0\.9 dev eth0/m);
      expect(h.lab.runSync(h.world.host, ["ip", "-o", "-4", "addr"])).toContain("inet 10.90.0.9/16");
    },
  );

  onEach("picks a subnet by itself", [], async () => {
    await h.web("web", ...NET);
    expect(await h.pings("web", await h.docker.inspect("net", "{{(index .IPAM.Config 0).Gateway}}"))).toBe(true);
  });

  onEach("lets two containers find each other by name, alias and short id", [], async () => {
    const id = await h.web("web", ...NET, "--network-alias", "front");
    await h.web("other", ...NET);
    const address = await h.address("other", "net");
    for (const name of ["web", "front", id.slice(0, 12), "web.net"]) expect(await h.who("other", name)).toBe(address);
    expect(await h.who("web", "other")).toBe(await h.address("web", "net"));
  });

  onEach("is joined and left by running containers, whose other network stays", [], async (kind) => {
    await h.docker.must("network", "create", "-d", h.driverOf(kind), "second");
    await h.web("web", ...NET);
    await h.web("far", "--network", "second");
    expect(await h.who("web", "far")).toBe("");
    await h.docker.must("network", "connect", "second", "web");
    expect(await h.exec("web", "ip", "addr", "show", "eth1")).toContain(await h.address("web", "second"));
    expect(await h.who("web", "far")).toBe(await h.address("web", "second"));
    await h.docker.must("network", "disconnect", "second", "web");
    expect(await h.exec("web", "ip", "link", "show", "eth1")).toBe("");
    expect(await h.who("web", "far")).toBe("");
    expect(await h.pings("web", ADDR.client)).toBe(true);
  });

  onEach("cannot be removed while a container is in it, and then leaves nothing", [], async (kind) => {
    await h.web("web", ...NET);
    expect((await h.docker.docker(["network", "rm", "net"])).stderr).toMatch(/has active endpoints/);
    if (kind === "tsproxy") expect(h.devices()).toHaveLength(3); // the host's, and the two of the container's veth pair; its own end is in its sandbox
    await h.docker.must("rm", "-f", "web");
    await h.docker.must("network", "rm", "net");
    expect(h.devices()).toEqual([]);
  });

  onEach("carries the MTU asked for", ["-o", "com.docker.network.driver.mtu=1280"], async () => {
    await h.web("web", ...NET);
    await h.web("other", ...NET);
    expect(await h.exec("web", "ip", "link", "show", "eth0")).toContain("mtu 1280");
    const largest = ["ping", "-c1", "-W1", "-s", "1252"];
    expect(await h.exec("web", ...largest, await h.address("other", "net"))).not.toBe("");
    expect(await h.exec("web", ...largest, ADDR.client)).not.toBe("");
  });

  on(
    "takes Docker's option for the names of devices",
    "tsproxy",
    ["-o", "com.docker.network.bridge.name=web0", "-o", "com.docker.network.container_iface_prefix=net"],
    async () => {
      await h.web("web", ...NET);
      expect(h.lab.runSync(h.world.host, ["ip", "-br", "link", "show", "web0"])).toContain("web0");
      expect(await h.exec("web", "ip", "link", "show", "net0")).not.toBe("");
    },
  );

  it("is refused with options, subnets and IPv6 that tsproxy cannot serve, each by name", async (ctx) => {
    if (obstacle !== undefined) ctx.skip(obstacle);
    const create = async (...args: string[]): Promise<string> =>
      (await h.docker.docker(["network", "create", "-d", h.driver, ...args, "bad"])).stderr;
    expect(await create("-o", "parent=eth0")).toMatch(/option parent is not supported: supported are /);
    expect(await create("-o", "com.docker.network.driver.mtu=9")).toMatch(/driver\.mtu: '9' is not valid: use 68 to 65521/);
    expect(await create("-o", "com.docker.network.host_ipv4=eth0")).toMatch(/host_ipv4: 'eth0' is not valid: use an IPv4 address/);
    for (const address of [ADDR.client, "127.0.0.1"])
      expect(await create("-o", `com.docker.network.host_ipv4=${address}`)).toContain(
        `option com.docker.network.host_ipv4=${address}: ${address} is not an address of this host: see 'ip address'`,
      );
    expect(await create("-o", "com.docker.network.bridge.name=eth0")).toContain(
      "option com.docker.network.bridge.name=eth0: there is a network device 'eth0' already: choose another name",
    );
    expect(await create("-o", "com.docker.network.host_ipv6=2001:db8::1")).toMatch(
      /nothing leaves as 2001:db8::1: the network has no IPv6 subnet/,
    );
    expect(await create("-o", "com.docker.network.bridge.gateway_mode_ipv4=isolated")).toMatch(/use --internal/);
    for (const [subnet, problem] of [
      ["64:ff9b::/96", "reserved for IPv4 addresses behind a translator"],
      ["ff05::/64", "multicast"],
      ["fd00:18::/127", "/127 is too small"],
    ] as const)
      expect(await create("--ipv6", "--subnet", subnet)).toContain(problem);
    expect(await create("--subnet", "192.0.2.0/25")).toMatch(/overlaps the host's address 192\.0\.2\.1\/24 of eth0/);
    expect((await h.ps()).networks).toEqual([]);
    expect(await h.docker.must("network", "ls", "-q", "--filter", "name=bad")).toBe("");
  });
});

describe("a network on a LAN", () => {
  const range = [
    "--subnet",
    "192.0.2.0/24",
    "--ip-range",
    "192.0.2.128/25",
    "--gateway",
    ADDR.client,
    "--aux-address",
    `host=${ADDR.host}`,
  ];
  const onLan = (name: string, type: string, options: string[], body: (mac: string) => Promise<void>): void =>
    on(name, "tsproxy", ["-o", `tsproxy.type=${type}`, "-o", "parent=eth0", ...options, ...range], async () => {
      // Others had these addresses in the case before.
      for (const ns of [h.world.client, h.world.host]) h.lab.ip(ns, "neighbor flush all");
      await body(/link\/ether (\S+)/.exec(h.lab.runSync(h.world.host, ["ip", "link", "show", "eth0"]))![1]!);
    });

  for (const type of ["macvlan", "ipvlan"])
    onLan(`has containers reach its stations and the host, and be reached, as ${type}`, type, [], async (mac) => {
      await h.web("web", ...NET, "-p", "8080:80");
      await h.web("other", ...NET);
      const address = await h.address("web", "net");
      expect(address).toMatch(/^192\.0\.2\.(12[89]|1[3-9]|2)/);
      expect(await h.whoFrom(h.world.client, address)).toBe(ADDR.client);
      expect(await h.whoFrom(h.world.host, address)).toBe(ADDR.host);
      expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
      expect(await h.who("other", address)).toBe(await h.address("other", "net"));
      expect(await h.pings("other", ADDR.client)).toBe(true);
      const heard = h.lab.runSync(h.world.client, ["ip", "neighbor", "show", "to", address]);
      expect(heard.includes(mac)).toBe(type === "ipvlan");
    });

  onLan("gives one container the parent's MAC in mode passthru", "macvlan", ["-o", "macvlan_mode=passthru"], async (mac) => {
    await h.web("web", ...NET);
    expect(await h.docker.inspect("web", "{{.NetworkSettings.Networks.net.MacAddress}}")).toBe(mac);
    expect(await h.whoFrom(h.world.client, await h.address("web", "net"))).toBe(ADDR.client);
    const second = await h.docker.docker(["run", "--rm", ...NET, IMAGE, "true"]);
    expect(second.stderr).toMatch(/MAC address/);
  });
});

describe("a network with IPv6", () => {
  on(
    "gives containers addresses, gateway and way out of both families, and publishes their ports on both",
    "tsproxy",
    ["--ipv6", "--subnet", "10.91.0.0/16", "--subnet", "fd00:91::/64"],
    async () => {
      h.lab.ip(h.world.host, "addr replace 2001:db8::1/64 dev eth0 nodad");
      h.lab.ip(h.world.client, "addr replace 2001:db8::10/64 dev eth0 nodad");
      const outside = await serve(h.lab, h.world.client, "http", 9000, { LISTEN: "::" });
      onTestFinished(async () => void (await outside.proc.stop()));
      await h.web("web", ...NET, "-p", "8080:80", "-p", "[::]:8081:80");
      await h.web("other", ...NET);
      const ipv6 = await h.docker.inspect("web", "{{.NetworkSettings.Networks.net.GlobalIPv6Address}}");
      expect(ipv6).toMatch(/^fd00:91::/);
      expect(await h.exec("web", "ip", "-6", "route")).toMatch(/^default via fd00:91::1 dev eth0/m);
      expect(await h.pings("other", ipv6)).toBe(true);
      expect(await h.who("other", `[${ipv6}]`)).toMatch(/^\[?fd00:91::/);
      expect(await h.fetch("web", "[2001:db8::10]:9000/")).not.toBe("");
      expect(outside.hosts).toEqual(["2001:db8::1"]);
      for (const [at, seen] of [
        [`${ADDR.host}:8080`, ADDR.client],
        ["[2001:db8::1]:8080", "[2001:db8::10]"],
        ["[2001:db8::1]:8081", "[2001:db8::10]"],
        [`${ADDR.host}:8081`, ""],
      ] as const)
        expect(await h.whoFrom(h.world.client, at), at).toBe(seen);
      expect((await h.tsproxy("port", "web")).trim().split("\n")).toEqual([
        "80/tcp -> 0.0.0.0:8080",
        "80/tcp -> [::]:8080",
        "80/tcp -> [::]:8081",
      ]);
      expect(await h.tsproxy("ps")).toMatch(/^\w+ +net +10\.91\.0\.0\/16,fd00:91::\/64 +10\.91\.0\.1,fd00:91::1 /m);
    },
  );
});

describe("the way out", () => {
  onEach("is masqueraded behind the host's address", [], async () => {
    const outside = await serveOutside();
    await h.web("web", ...NET);
    expect(await h.fetch("web", `${ADDR.client}:9000/`)).not.toBe("");
    expect(outside.hosts).toEqual([ADDR.host]);
    expect(await h.pings("web", ADDR.client)).toBe(true);
  });

  onEach(
    "has the address of the host that is asked for, instead of the route's",
    ["-o", `com.docker.network.host_ipv4=${ADDR.host2}`],
    async () => {
      const outside = await serveOutside();
      const udp = await serve(h.lab, h.world.client, "udp", 9001);
      onTestFinished(async () => void (await udp.proc.stop()));
      await h.web("web", ...NET);
      expect(await h.fetch("web", `${ADDR.client}:9000/`)).not.toBe("");
      expect(outside.hosts).toEqual([ADDR.host2]);
      expect(await h.udp("web", ADDR.client, 9001, "hello")).toMatch(new RegExp(`^${ADDR.host2}:\\d+ hello$`));
      expect(await h.pings("web", ADDR.client)).toBe(true);
      expect(await h.whoFrom(h.world.host, await h.address("web", "net"))).not.toBe(""); // the host itself is no way out
    },
  );

  on(
    "is reported to lead nowhere while the host has not the address asked for",
    "tsproxy",
    ["-o", `com.docker.network.host_ipv4=${ADDR.host2}`],
    async () => {
      const said = (): string[] => h.daemon.stderr.split("\n").filter((line) => line.includes(ADDR.host2));
      const before = said().length;
      const [, device, length] = new RegExp(`^\\d+: (\\S+) +inet ${ADDR.host2}/(\\d+)`, "m").exec(
        h.lab.runSync(h.world.host, ["ip", "-o", "-4", "addr"]),
      )!;
      h.lab.ip(h.world.host, `addr del ${ADDR.host2}/${length} dev ${device}`);
      await eventually("it is said", () => said().length === before + 1);
      h.lab.ip(h.world.host, `addr add ${ADDR.host2}/${length} dev ${device}`);
      await eventually("it is said to be back", () => said().length === before + 2);
      expect(said().slice(before)).toEqual([
        expect.stringMatching(/network .*192.* is no address of this host: nothing comes back$/),
        expect.stringMatching(/is an address of this host again$/),
      ]);
    },
  );

  onEach(
    "keeps the container's address when masquerade is off",
    ["--subnet", "10.91.0.0/16", "-o", "com.docker.network.bridge.enable_ip_masquerade=false"],
    async () => {
      const outside = await serveOutside();
      h.lab.ip(h.world.client, `route replace 10.91.0.0/16 via ${ADDR.host}`);
      await h.web("web", ...NET);
      expect(await h.fetch("web", `${ADDR.client}:9000/`)).not.toBe("");
      expect(outside.hosts).toEqual([await h.address("web", "net")]);
      expect(await h.pings("web", ADDR.client)).toBe(true);
    },
  );

  onEach("is closed in an internal network, whose containers still reach each other", ["--internal"], async (kind) => {
    await h.web("web", ...NET);
    await h.web("other", ...NET);
    if (kind === "tsproxy") expect(await h.exec("web", "ip", "route")).not.toContain("default"); // Docker 20.10 gives one that leads nowhere
    expect(await h.exec("web", "ls", "/sys/class/net")).toBe("eth0\nlo"); // no docker_gwbridge
    expect(await h.pings("web", ADDR.client)).toBe(false);
    expect(await h.who("web", "other")).toBe(await h.address("web", "net"));
  });

  onEach("publishes nothing from an internal network: dockerd ignores -p, and does not tell the driver of it", ["--internal"], async () => {
    await h.web("web", ...NET, "-p", "8080:80");
    expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe("");
    expect(h.lab.runSync(h.world.host, ["ss", "-Hltn", "sport = :8080"])).toBe("");
    expect(await h.docker.inspect("web", "{{.NetworkSettings.Ports}}")).not.toContain("8080");
  });

  onEach("stays closed in an internal network for a container that makes itself a route", ["--internal"], async (kind) => {
    await h.docker.must("network", "create", "-d", h.driverOf(kind), "second");
    await h.web("far", "--network", "second", "-p", "8080:80");
    await h.web("web", ...NET, "--cap-add", "NET_ADMIN");
    const gateway = await h.docker.inspect("net", "{{(index .IPAM.Config 0).Gateway}}");
    const command = `ip route replace default via ${gateway}; ping -c1 -W1 ${ADDR.client}`;
    expect(await h.exec("web", "sh", "-c", command)).toBe("");
    expect(await h.who("web", await h.address("far", "second"))).toBe("");
    expect(await h.who("web", `${ADDR.host}:8080`)).toBe("");
  });

  onEach("is open without icc, but not the way to a neighbor", ["-o", "com.docker.network.bridge.enable_icc=false"], async () => {
    await h.web("web", ...NET);
    await h.web("other", ...NET);
    expect(await h.pings("web", ADDR.client)).toBe(true);
    expect(await h.pings("web", await h.address("other", "net"))).toBe(false);
    expect(await h.who("web", "other")).toBe("");
  });
});

describe("a published port", () => {
  onEach("shows the server a LAN client's own address", [], async () => {
    await h.web("web", ...NET, "-p", "8080:80");
    expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
    expect(await h.whoFrom(h.world.lan2, `${ADDR.host}:8080`)).toBe(ADDR.lan2);
  });

  onEach("is reached from the host by each of its addresses", [], async () => {
    await h.web("web", ...NET, "-p", "8080:80");
    for (const address of ["127.0.0.1", ADDR.host, ADDR.host2, "localhost"])
      expect(await h.whoFrom(h.world.host, `${address}:8080`)).not.toBe("");
    const gateway = await h.docker.inspect("net", "{{(index .IPAM.Config 0).Gateway}}");
    expect(await h.whoFrom(h.world.host, "127.0.0.1:8080")).toBe(gateway);
  });

  onEach("is reached from a neighbor, from the container itself and from another network by the host's address", [], async (kind) => {
    await h.docker.must("network", "create", "-d", h.driverOf(kind), "second");
    await h.web("web", ...NET, "-p", "8080:80");
    await h.web("other", ...NET);
    await h.web("far", "--network", "second");
    const gateway = await h.docker.inspect("net", "{{(index .IPAM.Config 0).Gateway}}");
    for (const container of ["other", "web"]) expect(await h.who(container, `${ADDR.host}:8080`)).toBe(gateway);
    expect(await h.who("far", `${ADDR.host}:8080`)).not.toBe("");
    // but not by its own address
    expect(await h.who("far", await h.address("web", "net"))).toBe("");
    expect(await h.pings("far", await h.address("web", "net"))).toBe(false);
  });

  onEach("is reached across drivers by the host's address", [], async (kind) => {
    await h.web("web", ...NET, "-p", "8080:80");
    await h.docker.must("network", "create", "-d", h.driverOf(kind === "bridge" ? "tsproxy" : "bridge"), "second");
    await h.web("far", "--network", "second");
    expect(await h.who("far", `${ADDR.host}:8080`)).not.toBe("");
    expect(await h.who("far", await h.address("web", "net"))).toBe(""); // but not by its own
  });

  onEach("is on one address only when that is asked for", [], async () => {
    await h.web("web", ...NET, "-p", "127.0.0.1:8080:80", "-p", `${ADDR.host2}:8081:80`);
    expect(await h.whoFrom(h.world.host, "127.0.0.1:8080")).not.toBe("");
    expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe("");
    expect(await h.whoFrom(h.world.lan2, `${ADDR.host2}:8081`)).toBe(ADDR.lan2);
    expect(await h.whoFrom(h.world.client, `${ADDR.host}:8081`)).toBe("");
  });

  onEach("is by default where the network says", ["-o", `com.docker.network.bridge.host_binding_ipv4=${ADDR.host2}`], async () => {
    await h.web("web", ...NET, "-p", "8080:80");
    expect(await h.whoFrom(h.world.lan2, `${ADDR.host2}:8080`)).toBe(ADDR.lan2);
    expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe("");
  });

  onEach("carries UDP", [], async () => {
    await h.web("web", ...NET, "-p", "5300:53/udp");
    const server = await h.serveInside("web", "udp", 53);
    expect(await ncUdp(h.lab, h.world.client, ADDR.host, 5300, "hello")).toContain("hello");
    expect(server.hosts).toEqual([ADDR.client]);
  });

  onEach("that is taken is refused in Docker's words, and the container does not run", [], async (kind) => {
    await h.web("web", ...NET, "-p", "8080:80");
    const args = ["run", "-d", "--name", "second", ...NET, "-p", "8079:80", "-p", "8080:80", IMAGE, "httpd", "-f"];
    const { code, stderr } = await h.docker.docker(args);
    expect(code).toBe(125);
    expect(stderr).toMatch(
      /driver failed programming external connectivity on endpoint second .*Bind for 0\.0\.0\.0:8080 failed: port is already allocated/,
    );
    // Docker's own words end there; tsproxy goes on with whose it is.
    if (kind === "tsproxy") expect(stderr).toContain(`already allocated (port 80 of ${await h.address("web", "net")} has it)`);
    await h.docker.must("rm", "-f", "second");
    await h.web("third", ...NET, "-p", "8079:80"); // nothing of the failure is left
    expect(await h.whoFrom(h.world.client, `${ADDR.host}:8079`)).toBe(ADDR.client);
  });

  onEach("is gone with its container, and back after a restart", [], async () => {
    await h.web("web", ...NET, "-p", "8080:80");
    await h.docker.must("stop", "-t", "0", "web");
    expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe("");
    await h.docker.must("start", "web");
    expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
    await h.docker.must("restart", "-t", "0", "web");
    expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
  });

  on("shows in `tsproxy ps` and `tsproxy port`: one, a range, one of a range and a free one", "tsproxy", [], async () => {
    const id = await h.web("web", ...NET, "-p", "8080:80", "-p", "9000-9003:9000-9003", "-p", "7000-7009:70", "-p", "60");
    const lines = (await h.tsproxy("port", "web")).trim().split("\n");
    const both = (port: string, at: string): string[] => ["0.0.0.0", "[::]"].map((host) => `${port}/tcp -> ${host}:${at}`);
    const free = lines.at(-1)!.slice(lines.at(-1)!.lastIndexOf(":") + 1);
    expect(lines).toEqual([...both("80", "8080"), ...both("9000-9003", "9000-9003"), ...both("70", "7000"), ...both("60", free)]);
    const [endpoint] = (await h.ps()).endpoints;
    expect(endpoint).toMatchObject({ container: "web", state: "joined", address: await h.address("web", "net") });
    for (const word of [id.slice(0, 12), endpoint!.id.slice(0, 8)]) expect(await h.tsproxy("port", word)).toBe(`${lines.join("\n")}\n`);
    expect(await h.tsproxy("ps")).toMatch(
      /^web +net +.* joined +0\.0\.0\.0:8080->80\/tcp, \[::\]:8080->80\/tcp, 0\.0\.0\.0:9000-9003->9000-9003\/tcp, /m,
    );
    await expect(h.tsproxy("port", "nosuch")).rejects.toThrow(/no sandbox, container or endpoint 'nosuch'/);
    expect(await h.docker.must("port", "web")).toBe(""); // what docker cannot show
  });

  on("needs no iptables rule", "tsproxy", [], async () => {
    const rules = (): string => h.lab.runSync(h.world.host, ["iptables-save"]).replace(/^#.*|\[\d+:\d+\]/gm, "");
    const before = rules();
    await h.web("web", ...NET, "-p", "8080:80");
    expect(rules()).toBe(before);
  });
});

describe("docker-compose", () => {
  for (const kind of ["bridge", "tsproxy"] as const)
    it(`brings up two services that find each other by name, one of them published, and takes them down [${kind}]`, async (ctx) => {
      if (obstacle !== undefined) ctx.skip(obstacle);
      if (!(process.env.PATH ?? "").split(":").some((dir) => fs.existsSync(`${dir}/docker-compose`)))
        ctx.skip("not installed: docker-compose (apt-get install docker-compose)");
      const dir = fs.mkdtempSync(path.join(h.lab.dir, "project-"));
      const file = {
        version: "3",
        services: {
          web: { image: IMAGE, command: "httpd -f -h /www", ports: ["8080:80"] },
          other: { image: IMAGE, command: "httpd -f -h /www", depends_on: ["web"] },
        },
        networks: { default: { driver: h.driverOf(kind), driver_opts: { "com.docker.network.driver.mtu": "1400" } } },
      };
      fs.writeFileSync(path.join(dir, "docker-compose.yml"), JSON.stringify(file)); // YAML holds JSON
      const compose = async (...args: string[]): Promise<string> => {
        const argv = ["docker-compose", "--project-name", "shop", "--project-directory", dir, "-f", `${dir}/docker-compose.yml`, ...args];
        const { code, stdout, stderr } = await h.lab.run(h.world.host, argv, { env: { DOCKER_HOST: `unix://${h.docker.dir}/sock` } });
        expect(code, stderr).toBe(0);
        return stdout.trim();
      };
      onTestFinished(() => h.clear());
      await compose("up", "-d");
      expect(await compose("exec", "-T", "other", "wget", "-qO-", "http://web/cgi-bin/who")).toContain(".");
      expect(await h.whoFrom(h.world.client, `${ADDR.host}:8080`)).toBe(ADDR.client);
      await compose("down", "-t", "0");
      expect(await h.docker.must("network", "ls", "-q", "--filter", "name=shop")).toBe("");
      expect(h.devices()).toEqual([]);
    });
});
