import { describe, expect, it } from "vitest";
import { formatMapping } from "../../src/control/mapping.js";
import { parsePortMap } from "../../src/docker/driver-options.js";
import { Message } from "../../src/docker/message.js";
import { parseNetworkOptions } from "../../src/docker/network-options.js";
import { ip } from "../support/ip.js";
import { portMap } from "./driver-fixture.js";

const BRIDGE = "com.docker.network.bridge.";

function options(generic: Record<string, unknown>): ReturnType<typeof parseNetworkOptions>["options"] {
  return parseNetworkOptions(Message.of("Options", { "com.docker.network.generic": generic })).options;
}

function ports(...bindings: Record<string, unknown>[]): string[] {
  return parsePortMap(Message.of("Options", portMap(...bindings))).map(
    (port) => formatMapping({ ...port, targets: { ipv4: ip("172.18.0.2") } }) + (port.pickFromRange ? " (one)" : ""),
  );
}

describe("network options", () => {
  it("are Docker's defaults when none is given", () => {
    expect(options({})).toEqual({ internal: false, icc: true, masquerade: true, hostBinding: null, interfacePrefix: "eth" });
  });

  it("take Docker's names and Go's ways to write a boolean", () => {
    expect(
      options({
        "com.docker.network.driver.mtu": "1400",
        [`${BRIDGE}enable_icc`]: "0",
        [`${BRIDGE}enable_ip_masquerade`]: "False",
        [`${BRIDGE}host_binding_ipv4`]: "192.0.2.1",
        [`${BRIDGE}name`]: "web0",
        [`${BRIDGE}gateway_mode_ipv4`]: "nat",
        [`${BRIDGE}gateway_mode_ipv6`]: "nat",
        "com.docker.network.host_ipv6": "2001:db8::2",
        "com.docker.network.host_ipv4": "192.0.2.2",
        "com.docker.network.container_iface_prefix": "net",
        "tsproxy.spoof": "allow",
      }),
    ).toEqual({
      mtu: 1400,
      internal: false,
      icc: false,
      masquerade: false,
      hostBinding: ip("192.0.2.1"),
      hostDevice: "web0",
      outside: { ipv4: ip("192.0.2.2"), ipv6: ip("2001:db8::2") },
      interfacePrefix: "net",
      promiscuous: true,
    });
    expect(options({ [`${BRIDGE}host_binding_ipv4`]: "0.0.0.0" })).toMatchObject({ hostBinding: null });
    expect(options({ "tsproxy.spoof": "refuse" })).toMatchObject({ promiscuous: false });
    for (const attach of ["auto", "veth", "tap"]) expect(options({ "tsproxy.attach": attach })).toMatchObject({ attach });
  });

  it.each([
    ["com.docker.network.driver.mtu", "67", /mtu: '67'.*68 to 65521/],
    ["com.docker.network.driver.mtu", "1e3", /'1e3'/],
    ["com.docker.network.driver.mtu", 1400, /is no string/],
    [`${BRIDGE}enable_icc`, "no", /'no'.*true or false/],
    ["tsproxy.spoof", "true", /spoof: 'true'.*allow or refuse/],
    ["tsproxy.attach", "bridge", /attach: 'bridge' is not valid: use auto, veth, tap/],
    ["tsproxy.attach", "", /attach: '' is not valid/],
    ["tsproxy.attach", "VETH", /attach: 'VETH' is not valid/],
    [`${BRIDGE}host_binding_ipv4`, "::1", /'::1' is not valid: use an IPv4 address/],
    [`${BRIDGE}host_binding_ipv4`, "eth0", /'eth0'/],
    [`${BRIDGE}name`, "a/b", /'a\/b'/],
    [`${BRIDGE}name`, "sixteen-letters-", /at most 15/],
    [`${BRIDGE}gateway_mode_ipv4`, "isolated", /--internal/],
    [`${BRIDGE}gateway_mode_ipv4`, "routed", /enable_ip_masquerade=false/],
    [`${BRIDGE}gateway_mode_ipv6`, "routed", /gateway_mode_ipv6: 'routed'.*enable_ip_masquerade=false/],
    [`${BRIDGE}inhibit_ipv4`, "true", /inhibit_ipv4 is not supported: .*leave it out/],
    ["com.docker.network.host_ipv6", "192.0.2.1", /host_ipv6: '192.0.2.1' is not valid: use an IPv6 address/],
    ["com.docker.network.host_ipv4", "2001:db8::1", /host_ipv4: '2001:db8::1' is not valid: use an IPv4 address/],
    ["parent", "eth0", /option parent is not supported: supported are .*driver.mtu/],
    ["constructor", "x", /option constructor is not supported/],
  ])("refuse %s=%s by name", (key, value, says) => {
    expect(() => options({ [key]: value })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^TSP_ERR_(DRIVER_OPTION|MESSAGE)$/) }),
    );
    try {
      options({ [key]: value });
    } catch (error) {
      expect((error as { describe(): string }).describe()).toMatch(says);
    }
  });
});

describe("a port map", () => {
  it("joins the ports of a range, which dockerd names one by one, and keeps other neighbors apart", () => {
    const range = [5002, 5000, 5001].map((port) => ({ Port: port, HostPort: port, HostPortEnd: port }));
    expect(ports(...range, { Port: 80, HostPort: 5003 }, { Port: 5003, HostPort: 5003, Proto: 17 })).toEqual([
      "*:5000-5002 -> 172.18.0.2:5000-5002/tcp",
      "*:5003 -> 172.18.0.2:80/tcp",
      "*:5003 -> 172.18.0.2:5003/udp",
    ]);
  });

  it("puts named ports before a range to pick from, and that before a free port", () => {
    expect(ports({ Port: 1 }, { Port: 2, HostPort: 90, HostPortEnd: 99 }, { Port: 3, HostPort: 80 })).toEqual([
      "*:80 -> 172.18.0.2:3/tcp",
      "*:90-99 -> 172.18.0.2:2/tcp (one)",
      "*:* -> 172.18.0.2:1/tcp",
    ]);
  });

  it("binds where the binding says, else leaves it to the network", () => {
    const hosts = ["127.0.0.1", "::", "", "::ffff:10.0.0.1", "2001:db8::1", "0.0.0.0"];
    expect(ports(...hosts.map((HostIP) => ({ Port: 80, HostPort: 1, HostIP })))).toEqual([
      "*:1 -> 172.18.0.2:80/tcp",
      "0.0.0.0:1 -> 172.18.0.2:80/tcp",
      "10.0.0.1:1 -> 172.18.0.2:80/tcp",
      "127.0.0.1:1 -> 172.18.0.2:80/tcp",
      "[::]:1 -> 172.18.0.2:80/tcp",
      "[2001:db8::1]:1 -> 172.18.0.2:80/tcp",
    ]);
  });

  it("may be missing or null", () => {
    expect(parsePortMap(Message.of("Options", { "com.docker.network.portmap": null }))).toEqual([]);
  });
});
