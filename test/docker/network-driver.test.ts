import { describe, expect, it } from "vitest";
import { TsproxyError } from "../../src/errors.js";
import { systemError } from "../../src/sys/native.js";
import { ip, subnet } from "../support/ip.js";
import { CREATE_ENDPOINT, CREATE_NETWORK, DriverFixture, ENDPOINT, ID, JOIN, NETWORK, portMap, SANDBOX } from "./driver-fixture.js";

const OTHER = "b".repeat(64);

/** Calls that lead to a state. */
const STAGES = {
  empty: [],
  network: [["CreateNetwork", CREATE_NETWORK]],
  endpoint: [
    ["CreateNetwork", CREATE_NETWORK],
    ["CreateEndpoint", CREATE_ENDPOINT],
  ],
  joined: [
    ["CreateNetwork", CREATE_NETWORK],
    ["CreateEndpoint", CREATE_ENDPOINT],
    ["Join", JOIN],
  ],
  published: [
    ["CreateNetwork", CREATE_NETWORK],
    ["CreateEndpoint", CREATE_ENDPOINT],
    ["Join", JOIN],
    ["ProgramExternalConnectivity", { ...ID, Options: portMap({ Port: 80, HostPort: 8080 }) }],
  ],
} satisfies Record<string, [string, unknown][]>;

describe("an endpoint's life", () => {
  it("makes a network with its gateway and a host device named after it", async () => {
    const f = await DriverFixture.start();
    expect(await f.call("CreateNetwork", CREATE_NETWORK)).toEqual({});
    expect([...f.state.specs]).toMatchObject([
      { subnets: { ipv4: subnet("172.18.0.0/16") }, internal: false, icc: true, masquerade: true, hostDevice: "tsnaaaaaaaaaaaa" },
    ]);
    expect(f.state.networkViews()).toMatchObject([{ id: NETWORK, subnet: "172.18.0.0/16", gateway: "172.18.0.1", endpoints: 0 }]);
  });

  it("makes a device with a MAC from the address and answers the MAC alone", async () => {
    const f = await DriverFixture.start();
    const answer = await f.must(["CreateNetwork", CREATE_NETWORK], ["CreateEndpoint", CREATE_ENDPOINT]);
    expect(answer).toEqual({ Interface: { MacAddress: "02:42:ac:12:00:02" } });
    expect([...f.state.devices.keys()]).toEqual(["tspeeeeeeeeeee"]);
  });

  it("keeps the user's MAC and then answers none, which dockerd would refuse", async () => {
    const f = await DriverFixture.start();
    const endpoint = { ...CREATE_ENDPOINT, Interface: { Address: "172.18.0.2/16", MacAddress: "02:00:00:00:00:07" } };
    expect(await f.must(["CreateNetwork", CREATE_NETWORK], ["CreateEndpoint", endpoint])).toEqual({ Interface: {} });
    expect(f.state.endpointViews()).toMatchObject([{ mac: "02:00:00:00:00:07" }]);
  });

  it("joins with the device's name and the gateway, and leaves", async () => {
    const f = await DriverFixture.start();
    await f.must(["CreateNetwork", CREATE_NETWORK], ["CreateEndpoint", CREATE_ENDPOINT]);
    expect(await f.call("Join", JOIN)).toEqual({
      InterfaceName: { SrcName: "tspeeeeeeeeeee", DstPrefix: "eth" },
      Gateway: "172.18.0.1",
      GatewayIPv6: "",
      DisableGatewayService: false,
    });
    expect(f.state.endpointViews()).toMatchObject([{ state: "joined", sandbox: SANDBOX }]);
    expect(await f.call("EndpointOperInfo", ID)).toEqual({ Value: {} });
    await f.must(["Leave", ID]);
    expect([...f.state.devices.keys()]).toEqual(["tspeeeeeeeeeee"]); // dockerd has not moved it back yet
    await f.must(["DeleteEndpoint", ID], ["DeleteNetwork", { NetworkID: NETWORK }]);
    expect(await f.state.picture()).toEqual(await (await DriverFixture.start()).state.picture());
  });

  it("gives an internal network no gateway and asks dockerd for none", async () => {
    const f = await DriverFixture.start();
    const network = { ...CREATE_NETWORK, Options: { "com.docker.network.internal": true } };
    const answer = await f.must(["CreateNetwork", network], ["CreateEndpoint", CREATE_ENDPOINT], ["Join", JOIN]);
    expect(answer).toMatchObject({ Gateway: "", DisableGatewayService: true });
  });

  it("publishes in ProgramExternalConnectivity alone, though the ports come with CreateEndpoint and Join too", async () => {
    const f = await DriverFixture.start();
    const Options = portMap({ Port: 80, HostPort: 8080, HostPortEnd: 8080 });
    await f.must(["CreateNetwork", CREATE_NETWORK], ["CreateEndpoint", { ...CREATE_ENDPOINT, Options }], ["Join", { ...JOIN, Options }]);
    expect([...f.state.published]).toEqual([]);
    await f.must(["ProgramExternalConnectivity", { ...ID, Options }]);
    expect([...f.state.published]).toEqual(["0.0.0.0:8080 -> 172.18.0.2:80/tcp"]);
    await f.must(["RevokeExternalConnectivity", ID]);
    expect([...f.state.published]).toEqual([]);
  });

  it("withdraws ports in Leave if nobody revoked them", async () => {
    const f = await DriverFixture.start();
    const Options = portMap({ Port: 80, HostPort: 8080 });
    await f.must(["CreateNetwork", CREATE_NETWORK], ["CreateEndpoint", CREATE_ENDPOINT], ["Join", JOIN]);
    await f.must(["ProgramExternalConnectivity", { ...ID, Options }], ["Leave", ID]);
    expect([...f.state.published]).toEqual([]);
  });

  it("lets dockerd delete a joined endpoint, as it does after a crash", async () => {
    const f = await DriverFixture.start();
    await f.must(["CreateNetwork", CREATE_NETWORK], ["CreateEndpoint", CREATE_ENDPOINT], ["Join", JOIN], ["DeleteEndpoint", ID]);
    expect(f.state.endpointViews()).toEqual([]);
    expect(f.state.devices.size).toBe(0);
  });

  it("marks an endpoint as gone when its device ends, frees its ports, and lets it be deleted", async () => {
    const f = await DriverFixture.start();
    await f.must(...STAGES.published);
    f.state.devices.get("tspeeeeeeeeeee")!.onGone();
    await f.must(["EndpointOperInfo", ID]);
    expect(f.state.endpointViews()).toMatchObject([{ state: "gone", ports: [] }]);
    expect([...f.state.published]).toEqual([]);
    await f.must(["RevokeExternalConnectivity", ID], ["Leave", ID], ["DeleteEndpoint", ID]);
    expect(f.state.endpointViews()).toEqual([]);
  });

  it("forgets an endpoint that is gone when the next one takes its address, since a killed dockerd never deletes it", async () => {
    const f = await DriverFixture.start();
    await f.must(...STAGES.joined);
    f.state.devices.get("tspeeeeeeeeeee")!.onGone();
    await f.must(["CreateEndpoint", { ...CREATE_ENDPOINT, EndpointID: OTHER }]);
    expect(f.state.endpointViews()).toMatchObject([{ id: OTHER }]);
  });

  it("carries out calls that come together one after the other", async () => {
    const f = await DriverFixture.start();
    const answers = await Promise.all([
      f.call("CreateNetwork", CREATE_NETWORK),
      f.call("CreateEndpoint", CREATE_ENDPOINT),
      f.call("Join", JOIN),
      f.call("Leave", ID),
      f.call("DeleteEndpoint", ID),
      f.call("DeleteNetwork", { NetworkID: NETWORK }),
    ]);
    expect(answers.filter((answer) => typeof answer === "string")).toEqual([]);
  });
});

describe("a network with IPv6", () => {
  const DUAL = {
    ...CREATE_NETWORK,
    Options: { ...CREATE_NETWORK.Options, "com.docker.network.enable_ipv6": true },
    IPv6Data: [{ AddressSpace: "LocalDefault", Pool: "fd00:18::/64", Gateway: "fd00:18::1/64", AuxAddresses: {} }],
  };
  const WEB = { ...CREATE_ENDPOINT, Interface: { Address: "172.18.0.2/16", AddressIPv6: "fd00:18::2/64", MacAddress: "" } };
  const PORTS = portMap({ Port: 80, HostPort: 8080, HostPortEnd: 8080 }, { Port: 80, HostIP: "::", HostPort: 8081, HostPortEnd: 8081 });

  it("has both gateways, and publishes on both families", async () => {
    const f = await DriverFixture.start();
    f.state.families = [4, 6];
    await f.must(["CreateNetwork", DUAL], ["CreateEndpoint", WEB]);
    expect([...f.state.specs]).toMatchObject([{ subnets: { ipv4: subnet("172.18.0.0/16"), ipv6: subnet("fd00:18::/64") } }]);
    expect(await f.call("Join", JOIN)).toMatchObject({ Gateway: "172.18.0.1", GatewayIPv6: "fd00:18::1", DisableGatewayService: false });
    await f.must(["ProgramExternalConnectivity", { ...ID, Options: PORTS }]);
    expect([...f.state.published]).toEqual([
      "0.0.0.0:8080 -> 172.18.0.2:80/tcp",
      "[::]:8080 -> [fd00:18::2]:80/tcp",
      "[::]:8081 -> [fd00:18::2]:80/tcp",
    ]);
    await f.must(["RevokeExternalConnectivity", ID], ["Leave", ID], ["DeleteEndpoint", ID], ["DeleteNetwork", { NetworkID: NETWORK }]);
    expect([f.state.specs.size, f.state.published.size]).toEqual([0, 0]);
  });

  it("alone has no gateway of IPv4, and asks dockerd for none", async () => {
    const f = await DriverFixture.start();
    const options = { ...DUAL.Options, "com.docker.network.enable_ipv4": false };
    await f.must(["CreateNetwork", { ...DUAL, Options: options, IPv4Data: [] }]);
    const made = await f.must(["CreateEndpoint", { ...WEB, Interface: { Address: "", AddressIPv6: "fd00:18::2/64", MacAddress: "" } }]);
    expect(made).toEqual({ Interface: { MacAddress: expect.stringMatching(/^06:/) } });
    expect(await f.call("Join", JOIN)).toMatchObject({ Gateway: "", GatewayIPv6: "fd00:18::1", DisableGatewayService: true });
  });

  it("that is internal has neither", async () => {
    const f = await DriverFixture.start();
    await f.must(
      ["CreateNetwork", { ...DUAL, Options: { ...DUAL.Options, "com.docker.network.internal": true } }],
      ["CreateEndpoint", WEB],
    );
    expect(await f.call("Join", JOIN)).toMatchObject({ Gateway: "", GatewayIPv6: "", DisableGatewayService: true });
  });

  it("wants an address of each family of its endpoints", async () => {
    const f = await DriverFixture.start();
    await f.must(["CreateNetwork", DUAL]);
    expect(await f.call("CreateEndpoint", CREATE_ENDPOINT)).toMatch(/the endpoint has no address in fd00:18::\/64/);
    expect(f.state.devices.size).toBe(0);
  });

  it("sends what leaves from the host's addresses that it is given, if the host has them", async () => {
    const f = await DriverFixture.start();
    const generic = { "com.docker.network.host_ipv4": "192.0.2.1", "com.docker.network.host_ipv6": "2001:db8::1" };
    const body = { ...DUAL, Options: { ...DUAL.Options, "com.docker.network.generic": generic } };
    expect(await f.call("CreateNetwork", body)).toMatch(/host_ipv6=2001:db8::1: 2001:db8::1 is not an address of this host/);
    f.state.addresses.add("2001:db8::1");
    expect(await f.call("CreateNetwork", body)).toEqual({});
    expect([...f.state.specs]).toMatchObject([{ outside: { ipv4: ip("192.0.2.1"), ipv6: ip("2001:db8::1") } }]);
  });
});

describe("a network on a LAN", () => {
  it("is made with type macvlan and its parent, and told what is wrong with it", async () => {
    const f = await DriverFixture.start();
    const create = (generic: object) => f.call("CreateNetwork", { ...CREATE_NETWORK, Options: { "com.docker.network.generic": generic } });
    expect(await create({ "tsproxy.type": "macvlan" })).toMatch(/needs a parent interface: name the host's device.*-o parent=eth0/);
    expect(await create({ "tsproxy.type": "vxlan" })).toBe("option tsproxy.type: 'vxlan' is not valid: use bridge, macvlan or ipvlan");
    expect(await create({ parent: "eth0" })).toMatch(/option parent is not supported/);
    expect(await create({ "tsproxy.type": "macvlan", parent: "eth0", macvlan_mode: "private" })).toEqual({});
    expect([...f.state.specs]).toMatchObject([{ kind: "macvlan", parent: "eth0", mode: "private" }]);
  });

  it("is made with type ipvlan", async () => {
    const f = await DriverFixture.start();
    const generic = { "tsproxy.type": "ipvlan", parent: "eth0.10" };
    expect(await f.call("CreateNetwork", { ...CREATE_NETWORK, Options: { "com.docker.network.generic": generic } })).toEqual({});
    expect([...f.state.specs]).toMatchObject([{ kind: "macvlan", parent: "eth0.10", mode: "ipvlan" }]);
  });
});

const network = (change: object): object => ({ ...CREATE_NETWORK, ...change });
const IPV6 = [{ AddressSpace: "LocalDefault", Pool: "fd00:18::/64", Gateway: "fd00:18::1/64" }];
const pool6 = (change: object): object => network({ IPv6Data: [{ ...IPV6[0], ...change }] });
const pool = (change: object): object => network({ IPv4Data: [{ ...CREATE_NETWORK.IPv4Data[0], ...change }] });
const endpoint = (change: object): object => ({ ...CREATE_ENDPOINT, Interface: { ...CREATE_ENDPOINT.Interface, ...change } });
const ports = (...bindings: Record<string, unknown>[]): object => ({ ...ID, Options: portMap(...bindings) });

const BAD: [stage: keyof typeof STAGES, call: string, body: unknown, says: RegExp][] = [
  ["empty", "CreateNetwork", null, /CreateNetwork is no object/],
  ["empty", "CreateNetwork", [], /CreateNetwork is no object/],
  ["empty", "CreateNetwork", {}, /NetworkID is missing/],
  ["empty", "CreateNetwork", network({ NetworkID: 7 }), /NetworkID is no string/],
  ["empty", "CreateNetwork", network({ NetworkID: "../../etc/passwd" }), /NetworkID '..\/..\/etc\/passwd' is no id/],
  ["empty", "CreateNetwork", network({ NetworkID: "short" }), /'short' is no id/],
  ["empty", "CreateNetwork", network({ Options: "x" }), /Options is no object/],
  ["empty", "CreateNetwork", network({ Options: { "com.docker.network.internal": "yes" } }), /internal is neither true nor false/],
  ["empty", "CreateNetwork", network({ Options: { "com.docker.network.generic": [] } }), /generic is no object/],
  ["empty", "CreateNetwork", network({ Options: { "com.docker.network.generic": { foo: "bar" } } }), /option foo is not supported/],
  ["empty", "CreateNetwork", network({ Options: { "com.docker.network.enable_ipv6": true } }), /IPv6Data is missing/],
  ["empty", "CreateNetwork", network({ Options: { "com.docker.network.enable_ipv4": false }, IPv4Data: [] }), /the network has no subnet/],
  ["empty", "CreateNetwork", network({ IPv6Data: [...IPV6, ...IPV6] }), /several IPv6 subnets.*one of each family/],
  ["empty", "CreateNetwork", pool6({ Pool: "172.19.0.0/16" }), /IPv6Data\[0\].Pool '172.19.0.0\/16' is no IPv6 network/],
  ["empty", "CreateNetwork", pool6({ Pool: "fe80::/64", Gateway: "fe80::1" }), /subnet fe80::\/64: link-local/],
  ["empty", "CreateNetwork", pool6({ Pool: "ff05::/64", Gateway: "ff05::1" }), /subnet ff05::\/64: multicast/],
  ["empty", "CreateNetwork", pool6({ Pool: "::1/128", Gateway: "::1" }), /subnet ::1\/128: the host's own loopback/],
  ["empty", "CreateNetwork", pool6({ Pool: "::ffff:10.0.0.0/120", Gateway: "::ffff:10.0.0.1" }), /IPv4 addresses in the form of IPv6/],
  ["empty", "CreateNetwork", pool6({ Pool: "fd00:18::/127", Gateway: "fd00:18::1" }), /\/127 is too small/],
  ["empty", "CreateNetwork", pool6({ Gateway: "fd00:19::1/64" }), /gateway fd00:19::1\/64 is no host's address in fd00:18::\/64/],
  ["empty", "CreateNetwork", pool6({ Gateway: "172.18.0.1" }), /Gateway '172.18.0.1' is no IPv6 address/],
  ["empty", "CreateNetwork", pool6({ AuxAddresses: { DefaultGatewayIPv6: "fd00:18::9" } }), /--aux-address DefaultGatewayIPv6/],
  ["empty", "CreateNetwork", network({ IPv4Data: null }), /IPv4Data is missing/],
  ["empty", "CreateNetwork", network({ IPv4Data: {} }), /IPv4Data is no list/],
  ["empty", "CreateNetwork", network({ IPv4Data: [3] }), /IPv4Data\[0\] is no object/],
  ["empty", "CreateNetwork", network({ IPv4Data: [...CREATE_NETWORK.IPv4Data, ...CREATE_NETWORK.IPv4Data] }), /several IPv4 subnets/],
  ["empty", "CreateNetwork", pool({ Pool: "" }), /Pool is missing/],
  ["empty", "CreateNetwork", pool({ Pool: "172.18.0.0" }), /Pool '172.18.0.0'/],
  ["empty", "CreateNetwork", pool({ Pool: "172.18.0.0/31" }), /\/8 to \/30/],
  ["empty", "CreateNetwork", pool({ Pool: "2001:db8::/64" }), /Pool '2001:db8::\/64' is no IPv4 network/],
  ["empty", "CreateNetwork", pool({ Gateway: "" }), /Gateway is missing/],
  ["empty", "CreateNetwork", pool({ Gateway: "10.0.0.1/16" }), /10.0.0.1\/16 is no host's address in 172.18.0.0\/16/],
  ["empty", "CreateNetwork", pool({ Gateway: "172.18.255.255/16" }), /no host's address/],
  ["empty", "CreateNetwork", pool({ AuxAddresses: { DefaultGatewayIPv4: "172.18.0.9" } }), /--aux-address DefaultGatewayIPv4/],
  ["network", "CreateNetwork", CREATE_NETWORK, /aaaaaaaaaaaa exists already/],
  ["empty", "DeleteNetwork", { NetworkID: NETWORK }, /there is no network aaaaaaaaaaaa/],
  ["empty", "DeleteNetwork", {}, /NetworkID is missing/],
  ["joined", "DeleteNetwork", { NetworkID: NETWORK }, /has joined endpoints: eeeeeeeeeeee 172.18.0.2/],
  ["empty", "CreateEndpoint", CREATE_ENDPOINT, /there is no network/],
  ["network", "CreateEndpoint", { NetworkID: NETWORK }, /EndpointID is missing/],
  ["network", "CreateEndpoint", { ...ID, Interface: null }, /Interface.Address is missing/],
  ["network", "CreateEndpoint", { ...ID, Interface: "eth0" }, /Interface is no object/],
  ["network", "CreateEndpoint", endpoint({ Address: 3 }), /Address is no string/],
  ["network", "CreateEndpoint", endpoint({ Address: "172.18.0/16" }), /is no IPv4 address/],
  ["network", "CreateEndpoint", endpoint({ Address: "10.0.0.2/16" }), /no host's address in 172.18.0.0\/16/],
  ["network", "CreateEndpoint", endpoint({ Address: "172.18.0.1/16" }), /172.18.0.1 is the gateway's/],
  ["network", "CreateEndpoint", endpoint({ AddressIPv6: "2001:db8::2/64" }), /address 2001:db8::2: the network has no IPv6 subnet/],
  ["network", "CreateEndpoint", endpoint({ AddressIPv6: "172.18.0.3/16" }), /AddressIPv6 '172.18.0.3\/16' is no IPv6 address/],
  ["network", "CreateEndpoint", endpoint({ MacAddress: "xx" }), /'xx' is no station's address/],
  ["network", "CreateEndpoint", endpoint({ MacAddress: "01:00:5e:00:00:01" }), /is no station's address/],
  ["network", "CreateEndpoint", { ...CREATE_ENDPOINT, Options: portMap({ Port: 80, Proto: 33 }) }, /protocol 33 is not supported/],
  ["endpoint", "CreateEndpoint", CREATE_ENDPOINT, /endpoint eeeeeeeeeeee exists already/],
  ["endpoint", "CreateEndpoint", { ...CREATE_ENDPOINT, EndpointID: OTHER }, /172.18.0.2 is that of endpoint eeeeeeeeeeee/],
  ["network", "DeleteEndpoint", ID, /has no endpoint eeeeeeeeeeee/],
  ["network", "EndpointOperInfo", ID, /has no endpoint/],
  ["network", "Join", JOIN, /has no endpoint/],
  ["endpoint", "Join", ID, /SandboxKey is missing/],
  ["endpoint", "Join", { ...ID, SandboxKey: "netns/1" }, /'netns\/1' is no absolute path/],
  ["joined", "Join", JOIN, /has joined \/run\/docker\/netns\/0123456789ab already/],
  ["network", "Leave", ID, /has no endpoint/],
  ["endpoint", "Leave", ID, /has not joined/],
  ["network", "ProgramExternalConnectivity", ID, /has no endpoint/],
  ["endpoint", "ProgramExternalConnectivity", ports({ Port: 80, HostPort: 8080 }), /has not joined/],
  ["joined", "ProgramExternalConnectivity", ports({ HostPort: 8080 }), /portmap\[0\].Port is missing/],
  ["joined", "ProgramExternalConnectivity", ports({ Port: 80, HostPort: 70_000 }), /HostPort is no number from 0 to 65535/],
  ["joined", "ProgramExternalConnectivity", ports({ Port: "80", HostPort: 1 }), /Port is no number/],
  ["joined", "ProgramExternalConnectivity", ports({ Port: 80, HostPort: 9, HostPortEnd: 8 }), /HostPortEnd 8 is below HostPort 9/],
  ["joined", "ProgramExternalConnectivity", ports({ Port: 80, HostIP: "::g", HostPort: 9 }), /HostIP '::g' is no IP address/],
  ["joined", "ProgramExternalConnectivity", ports({ Port: 80, HostIP: "nowhere", HostPort: 9 }), /HostIP 'nowhere' is no IP address/],
  ["joined", "ProgramExternalConnectivity", { ...ID, Options: { "com.docker.network.portmap": {} } }, /portmap is no list/],
  ["published", "ProgramExternalConnectivity", ports({ Port: 81, HostPort: 8081 }), /published already/],
  ["network", "RevokeExternalConnectivity", ID, /has no endpoint/],
];

describe("a call that cannot be carried out", () => {
  it.each(BAD)("in state %s: %s %j says %s and changes nothing", async (stage, call, body, says) => {
    const f = await DriverFixture.start();
    await f.must(...(STAGES[stage] as [string, unknown][]));
    const before = await f.state.picture();
    expect(await f.call(call, body)).toMatch(says);
    expect(await f.state.picture()).toEqual(before);
  });

  it("knows a network's endpoint by that network alone", async () => {
    const f = await DriverFixture.start();
    await f.must(...STAGES.joined);
    await f.must(["CreateNetwork", { ...CREATE_NETWORK, NetworkID: OTHER }]);
    expect(await f.call("Leave", { ...ID, NetworkID: OTHER })).toMatch(/bbbbbbbbbbbb has no endpoint/);
  });

  it("is the second of two deletions", async () => {
    const f = await DriverFixture.start();
    await f.must(...STAGES.endpoint, ["DeleteEndpoint", ID]);
    expect(await f.call("DeleteEndpoint", ID)).toMatch(/has no endpoint/);
    await f.must(["DeleteNetwork", { NetworkID: NETWORK }]);
    expect(await f.call("DeleteNetwork", { NetworkID: NETWORK })).toMatch(/there is no network/);
  });

  it("is one whose device cannot be made", async () => {
    const f = await DriverFixture.start();
    await f.must(...STAGES.network);
    const before = await f.state.picture();
    f.state.deviceError = systemError("ioctl(TUNSETIFF)", 1);
    expect(await f.call("CreateEndpoint", CREATE_ENDPOINT)).toMatch(/TUNSETIFF.*EPERM/);
    expect(await f.state.picture()).toEqual(before);
  });

  it("is one that cannot be written down", async () => {
    const f = await DriverFixture.start();
    await f.must(...STAGES.endpoint);
    const before = await f.state.picture();
    f.state.storeError = systemError("write", 28);
    for (const [call, body] of [
      ["CreateNetwork", { ...CREATE_NETWORK, NetworkID: OTHER }],
      ["CreateEndpoint", { ...CREATE_ENDPOINT, EndpointID: OTHER, Interface: { Address: "172.18.0.3/16" } }],
      ["Join", JOIN],
    ] as const)
      expect(await f.call(call, body)).toMatch(/write failed/);
    expect(await f.state.picture()).toEqual(before);
  });

  it("is one about an option, and says which", async () => {
    const f = await DriverFixture.start();
    const create = (generic: Record<string, string>) =>
      f.call("CreateNetwork", network({ Options: { "com.docker.network.generic": generic } }));
    expect(await create({ "com.docker.network.host_ipv4": "192.0.2.9" })).toBe(
      "option com.docker.network.host_ipv4=192.0.2.9: 192.0.2.9 is not an address of this host: see 'ip address'",
    );
    f.state.networkError = new TsproxyError("TSP_ERR_DEVICE", "conflict", "there is a network device 'web0' already");
    expect(await create({ "com.docker.network.bridge.name": "web0" })).toBe(
      "option com.docker.network.bridge.name=web0: there is a network device 'web0' already: choose another name, or remove that device",
    );
    expect(await create({})).toBe("there is a network device 'web0' already");
  });

  it("publishes none of several ports when one is taken, and says so in Docker's words", async () => {
    const f = await DriverFixture.start();
    await f.must(...STAGES.joined);
    const before = await f.state.picture();
    f.state.taken.add(8081);
    const says = await f.call("ProgramExternalConnectivity", ports({ Port: 80, HostPort: 8080 }, { Port: 90, HostPort: 8081 }));
    expect(says).toBe("Bind for 0.0.0.0:8081 failed: port is already allocated (nginx (pid 1) has it): publish another host port");
    expect(await f.state.picture()).toEqual(before);
  });

  it("publishes nothing from an internal network", async () => {
    const f = await DriverFixture.start();
    await f.must(["CreateNetwork", network({ Options: { "com.docker.network.internal": true } })], ...STAGES.joined.slice(1));
    expect(await f.call("ProgramExternalConnectivity", ports({ Port: 80, HostPort: 1 }))).toMatch(/is internal/);
    expect(await f.call("ProgramExternalConnectivity", { ...ID, Options: {} })).toEqual({});
  });
});

describe("after a restart", () => {
  it("has its networks, endpoints and ports again, each device taken up where it is", async () => {
    const f = await DriverFixture.start();
    await f.must(...STAGES.published);
    const views = f.state.endpointViews();
    f.state.found.set(ENDPOINT, { name: "eth1", nsFd: -1 });
    await f.state.restart();
    expect(f.state.endpointViews()).toEqual(views);
    expect(f.state.devices.get("eth1")).toMatchObject({ existing: { multiQueue: false } });
    expect([...f.state.published]).toEqual(["0.0.0.0:8080 -> 172.18.0.2:80/tcp"]);
    await f.must(["RevokeExternalConnectivity", ID], ["Leave", ID], ["DeleteEndpoint", ID], ["DeleteNetwork", { NetworkID: NETWORK }]);
  });

  it("forgets an endpoint whose device ended, and keeps the network", async () => {
    const f = await DriverFixture.start();
    await f.must(...STAGES.published);
    await f.state.restart();
    expect(f.state.endpointViews()).toEqual([]);
    expect(f.state.networkViews()).toHaveLength(1);
    expect(await f.call("DeleteEndpoint", ID)).toMatch(/has no endpoint/);
  });

  it("keeps an endpoint that it cannot take up until dockerd deletes it, and removes its device then", async () => {
    const f = await DriverFixture.start();
    await f.must(...STAGES.published);
    f.state.found.set(ENDPOINT, { name: "eth0", nsFd: -1 });
    f.state.deviceError = systemError("ioctl(TUNSETIFF)", 16);
    await f.state.restart();
    expect(f.state.endpointViews()).toMatchObject([{ state: "failed", ports: [] }]);
    await f.must(["Leave", ID], ["DeleteEndpoint", ID]);
    expect(f.state.removedFromHost).toEqual(["tspeeeeeeeeeee"]);
  });
});
