/** A sandbox in the shape in which Docker's API has a container, as far as networks go, so that scripts carry over. */
import * as v from "valibot";
const text = (description) => v.pipe(v.string(), v.description(description));
const count = (description) => v.pipe(v.number(), v.integer(), v.description(description));
const flag = (description) => v.pipe(v.boolean(), v.description(description));
const list = (description) => v.pipe(v.array(v.string()), v.description(description));
const Endpoint = v.object({
    Aliases: list("Names in this network besides the sandbox's own."),
    DNSNames: list("All its names there."),
    NetworkID: text("64 hexadecimal digits."),
    EndpointID: text("64 hexadecimal digits."),
    MacAddress: text("`02:42:ac:12:00:02`"),
    Gateway: text("`172.18.0.1`; empty without IPv4, and in an internal network."),
    IPAddress: text("`172.18.0.2`; empty without IPv4."),
    IPPrefixLen: count("0 without IPv4."),
    IPv6Gateway: text("`fd00:18::1`; empty without IPv6, and in an internal network."),
    GlobalIPv6Address: text("`fd00:18::2`; empty without IPv6."),
    GlobalIPv6PrefixLen: count("0 without IPv6."),
    GwPriority: count("The default route is by the network with the highest."),
});
/** As `docker inspect` prints it. */
export const SandboxInspect = v.object({
    Id: text("64 hexadecimal digits."),
    Created: text("ISO 8601."),
    Path: text("The program; empty for an attached namespace."),
    Args: list("Its arguments."),
    Name: text("With a slash before it, as Docker has it."),
    State: v.object({
        Status: v.picklist(["running", "exited"]),
        Running: flag("It has not ended."),
        Pid: count("Of its init; 0 for an attached namespace, and when it has ended."),
        ExitCode: count("0 while it runs."),
        FinishedAt: text("ISO 8601; empty while it runs."),
    }),
    HostnamePath: text("File that it sees as /etc/hostname."),
    HostsPath: text("The same of /etc/hosts."),
    ResolvConfPath: text("The same of /etc/resolv.conf."),
    Config: v.object({ Hostname: text("What the program is told its host is called."), Cmd: list("Program and arguments.") }),
    HostConfig: v.object({
        NetworkMode: text("`host`, `none`, `container:ID`, or the name of its first network."),
        AutoRemove: flag("It is forgotten when it ends."),
        Dns: list("Name servers."),
        DnsOptions: list("Options of resolv.conf."),
        DnsSearch: list("Search domains."),
        ExtraHosts: list("`NAME:ADDRESS`"),
        Links: list("`/NAME:/OWN/ALIAS`"),
    }),
    NetworkSettings: v.object({
        SandboxKey: text("Path of its network namespace."),
        Ports: v.pipe(v.record(v.string(), v.array(v.object({ HostIp: v.string(), HostPort: v.string() }))), v.description("Published ports, each by itself: `80/tcp`.")),
        Networks: v.pipe(v.record(v.string(), Endpoint), v.description("Its endpoints, by the network's name.")),
    }),
});
//# sourceMappingURL=sandbox-inspect-types.js.map