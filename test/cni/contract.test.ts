import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/cni/config.js";
import { CniError, checkVersion, parseEnvironment } from "../../src/cni/contract.js";

const ADD = { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: "/run/netns/x", CNI_IFNAME: "eth0" };

/** The error's code and text. */
function refusal(action: () => unknown): [number, string] {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(CniError);
    return [(error as CniError).code, (error as CniError).message];
  }
  throw new Error("it is not refused");
}

describe("the environment", () => {
  it("is read with its arguments and folders", () => {
    const env = { ...ADD, CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=web;MAC=02:00:00:00:00:01;;X=y", CNI_PATH: "/a:/b" };
    expect(parseEnvironment(env)).toMatchObject({ command: "ADD", containerId: "c1", ifname: "eth0", path: ["/a", "/b"] });
    expect(parseEnvironment(env).args.get("K8S_POD_NAME")).toBe("web");
  });

  it.each([
    [{ ...ADD, CNI_IFNAME: "", CNI_NETNS: "" }, 4, "required env variables [CNI_NETNS,CNI_IFNAME] missing"],
    [{ CNI_COMMAND: "FROB" }, 4, "unknown CNI_COMMAND: FROB"],
    [{ ...ADD, CNI_CONTAINERID: "a/b" }, 4, "invalid characters in containerID"],
    [{ ...ADD, CNI_IFNAME: "a".repeat(16) }, 4, "interface name is too long"],
    [{ ...ADD, CNI_IFNAME: ".." }, 4, "interface name is . or .."],
    [{ ...ADD, CNI_ARGS: "IP" }, 4, 'ARGS: invalid pair "IP"'],
    [{ ...ADD, CNI_ARGS: "IP=10.0.0.1;FOO=bar" }, 4, 'ARGS: unknown args ["FOO=bar"]'],
    [{ ...ADD, CNI_IFNAME: "a b" }, 4, "interface name contains / or : or whitespace characters"],
  ])("%j is refused as other plugins do it", (env, code, message) => {
    expect(refusal(() => parseEnvironment(env))).toEqual([code, message]);
  });

  it("of DEL needs no namespace: it may be gone", () => {
    expect(parseEnvironment({ ...ADD, CNI_COMMAND: "DEL", CNI_NETNS: "", CNI_ARGS: "FOO=bar" }).netns).toBe("");
  });
});

describe("the version", () => {
  it.each([
    ["ADD", "0.3.1"],
    ["CHECK", "0.4.0"],
    ["GC", "1.1.0"],
  ])("%s is in %s", (command, version) => {
    expect(() => checkVersion(command, version)).not.toThrow();
  });

  it.each([
    ["ADD", "0.2.0", "incompatible CNI versions"],
    ["ADD", "2.0.0", "incompatible CNI versions"],
    ["CHECK", "0.3.1", "config version does not allow CHECK"],
    ["GC", "1.0.0", "config version does not allow GC"],
    ["STATUS", "1.0.0", "config version does not allow STATUS"],
    ["CHECK", "1.2.0", "plugin version does not allow CHECK"],
  ])("%s is not in %s", (command, version, message) => {
    expect(refusal(() => checkVersion(command, version))).toEqual([1, message]);
  });
});

describe("the configuration", () => {
  const config = (change: object): string => JSON.stringify({ cniVersion: "1.0.0", name: "pods", type: "tsproxy-cni", ...change });

  it("is read as Podman sends it: aliases by network, lower camel case", () => {
    const runtimeConfig = {
      aliases: { pods: ["4c3cf0c9b33f"], other: ["x"] },
      portMappings: [
        { hostPort: 9000, containerPort: 9000, protocol: "udp", hostIP: "127.0.0.1" },
        { hostPort: 8080, containerPort: 80, protocol: "tcp" },
      ],
      ips: ["10.77.0.9/24"],
    };
    expect(parseConfig(config({ runtimeConfig, ipam: { type: "host-local" }, capabilities: { aliases: true } }))).toMatchObject({
      name: "pods",
      ipam: "host-local",
      aliases: ["4c3cf0c9b33f"],
      publish: ["127.0.0.1:9000:9000/udp", "8080:80/tcp"],
      ips: ["10.77.0.9"],
    });
  });

  it("is read as containerd sends it: keys as Go has them", () => {
    const runtimeConfig = {
      portMappings: [{ HostPort: 8080, ContainerPort: 80, Protocol: "tcp", HostIP: "" }],
      dns: { Servers: ["192.0.2.53"], Searches: ["lan"], Options: ["ndots:2"] },
      bandwidth: { IngressRate: 1_000_000, IngressBurst: 2 ** 32 - 1, EgressRate: 0, EgressBurst: 0 },
    };
    expect(parseConfig(config({ runtimeConfig }))).toMatchObject({
      publish: ["8080:80/tcp"],
      servers: ["192.0.2.53"],
      searches: ["lan"],
      options: ["ndots:2"],
      bandwidth: { ingress: { rate: 1_000_000, burst: 2 ** 32 - 1 } },
    });
  });

  it("of GC has what is still there, under either key", () => {
    const there = [{ containerID: "c1", ifname: "eth0" }];
    for (const key of ["cni.dev/valid-attachments", "cni.dev/attachments"])
      expect(parseConfig(config({ [key]: there })).attachments).toEqual([{ containerId: "c1", ifname: "eth0" }]);
    expect(parseConfig(config({ "cni.dev/valid-attachments": null })).attachments).toEqual([]); // Go's empty list
    expect(parseConfig(config({})).attachments).toBeUndefined();
  });

  it.each([
    [{ ipam: { subnet: "10.77.0.0/24", gateway: "10.77.0.9" } }, [{ family: 4, subnet: "10.77.0.0/24", gateway: "10.77.0.9" }]],
    [{ subnet: "fd00:77::/64" }, [{ family: 6, subnet: "fd00:77::/64" }]],
    [
      { ipam: { ranges: [[{ subnet: "10.77.0.0/24", rangeStart: "10.77.0.65", rangeEnd: "10.77.0.126" }], [{ subnet: "fd00:77::/64" }]] } },
      [
        { family: 4, subnet: "10.77.0.0/24", part: "10.77.0.64/26" },
        { family: 6, subnet: "fd00:77::/64" },
      ],
    ],
    [
      { ipam: { subnet: "10.1.0.0/16" }, runtimeConfig: { ipRanges: [[{ Subnet: "10.2.0.0/16", RangeStart: "10.2.128.0" }]] } },
      [{ family: 4, subnet: "10.2.0.0/16", part: "10.2.128.0/17" }],
    ],
    [{ ipam: { type: "host-local", subnet: "10.77.0.0/24" } }, []],
  ])("%j has the ranges of its own address management", (change, ranges) => {
    expect(parseConfig(config(change)).ranges).toEqual(ranges.map((range) => ({ gateway: undefined, part: undefined, ...range })));
  });

  it.each([
    [{ subnet: "10.77.0.0" }, 7, "invalid CIDR address: 10.77.0.0"],
    [{ ipam: { subnet: "10.77.0.0/24", rangeStart: "10.77.0.10" } }, 2, "the range from 10.77.0.10 to the last is not supported"],
    [{ ipam: { subnet: "10.77.0.0/24", rangeEnd: "fd00::1" } }, 7, "invalid IP address: fd00::1"],
    [{ ipam: { ranges: [[{ subnet: "10.1.0.0/16" }], [{ subnet: "10.2.0.0/16" }]] } }, 2, "several ranges of one family are not supported"],
    [{ ipam: { ranges: [[{ subnet: "10.1.0.0/16" }, { subnet: "10.2.0.0/16" }]] } }, 2, "several ranges of one set are not supported"],
    [{ ipam: { ranges: [["10.1.0.0/16"]] } }, 6, "a range is not an object"],
  ])("%j is refused", (change, code, message) => {
    expect(refusal(() => parseConfig(config(change)))).toEqual([code, message]);
  });

  it.each([
    ["{", 6, "error unmarshall network config"],
    ["[]", 6, "the network configuration cannot be read: all of it is not an object"],
    [config({ name: "" }), 7, "missing network name"],
    [config({ name: "-x" }), 7, "invalid characters found in network name"],
    [config({ ipam: [] }), 6, "the network configuration cannot be read: ipam is not an object"],
    [config({ mtu: "big" }), 6, "the network configuration cannot be read: mtu is not a whole number"],
    [config({ runtimeConfig: { portMappings: [{ hostPort: 0, containerPort: 80 }] } }), 7, "Invalid host port number: 0"],
    [config({ runtimeConfig: { bandwidth: { ingressRate: 1 } } }), 7, "if rate is set, burst must also be set"],
    [config({ runtimeConfig: { bandwidth: { EgressBurst: 1 } } }), 7, "if burst is set, rate must also be set"],
    [config({ runtimeConfig: { bandwidth: { ingressRate: 1, ingressBurst: 2 ** 35 } } }), 7, "burst cannot be more than 4GB"],
    [config({ runtimeConfig: { bandwidth: { shapedSubnets: ["10.0.0.0/8"] } } }), 2, "shapedSubnets is not supported"],
  ])("%s is refused with code %i", (text, code, message) => {
    expect(refusal(() => parseConfig(text))).toEqual([code, message]);
  });
});
