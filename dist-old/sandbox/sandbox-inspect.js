/** A sandbox in Docker's shape. */
import { join } from "node:path";
import { hostAddressText } from "../control/mapping.js";
import { shortId } from "../model/records.js";
import { addressesOf } from "./endpoint-addresses.js";
/** `nameOf`: of a sandbox by its id. */
export function inspectSandbox(record, members, dir, nameOf) {
    const { id, name, hostname, command, created, pid, netns, mode, exit, autoRemove, dns, dnsOptions, dnsSearch, extraHosts, links } = record;
    const [path = "", ...args] = command;
    const networks = members.map((member) => [networkName(member), endpointOf(member)]);
    return {
        Id: id,
        Created: created,
        Path: path,
        Args: args,
        Name: `/${name}`,
        State: {
            Status: exit === undefined ? "running" : "exited",
            Running: exit === undefined,
            Pid: exit === undefined ? pid : 0,
            ExitCode: exit?.code ?? 0,
            FinishedAt: exit?.at ?? "",
        },
        HostnamePath: join(dir, "hostname"),
        HostsPath: join(dir, "hosts"),
        ResolvConfPath: join(dir, "resolv.conf"),
        Config: { Hostname: hostname, Cmd: command },
        HostConfig: {
            NetworkMode: mode || (networks[0]?.[0] ?? ""),
            AutoRemove: autoRemove,
            Dns: dns,
            DnsOptions: dnsOptions,
            DnsSearch: dnsSearch,
            ExtraHosts: extraHosts,
            Links: links.map(({ target, alias }) => `/${nameOf(target)}:/${name}/${alias}`),
        },
        NetworkSettings: {
            SandboxKey: netns,
            Ports: portsOf(members.flatMap(({ endpoint }) => endpoint.mappings)),
            Networks: Object.fromEntries(networks),
        },
    };
}
function networkName({ network }) {
    return network.record.name ?? shortId(network.record.id);
}
function endpointOf({ attachment, network, endpoint }) {
    const addresses = addressesOf(endpoint.record, network.record);
    const [ipv4, ipv6] = [4, 6].map((family) => addresses.find((each) => each.family === family));
    const { internal } = network.record.options;
    return {
        Aliases: attachment.aliases,
        DNSNames: endpoint.record.use?.names ?? [],
        NetworkID: network.record.id,
        EndpointID: endpoint.record.id,
        MacAddress: endpoint.record.mac,
        Gateway: internal ? "" : (ipv4?.gateway ?? ""),
        IPAddress: ipv4?.address ?? "",
        IPPrefixLen: ipv4?.prefixLength ?? 0,
        IPv6Gateway: internal ? "" : (ipv6?.gateway ?? ""),
        GlobalIPv6Address: ipv6?.address ?? "",
        GlobalIPv6PrefixLen: ipv6?.prefixLength ?? 0,
        GwPriority: attachment.gwPriority,
    };
}
function portsOf(mappings) {
    const ports = {};
    for (const mapping of mappings)
        for (let port = mapping.targetPort; port <= mapping.targetPortEnd; port++) {
            const key = `${port}/${mapping.proto}`;
            const host = { HostIp: hostAddressText(mapping), HostPort: String(mapping.hostPort + port - mapping.targetPort) };
            ports[key] = [...(ports[key] ?? []), host];
        }
    return ports;
}
//# sourceMappingURL=sandbox-inspect.js.map