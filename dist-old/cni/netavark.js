/**
 * Netavark's plugin calls (plugin-API.md, API 1.0.0), by which Podman 4.5 and later uses networks of other drivers: `create` for `podman network create -d
 * tsproxy`, `setup` and `teardown` for each container. Podman keeps the configuration, and tells nobody when it removes it; so `create` makes nothing, and the
 * network is made with its first container. What has no subnet gets one then.
 */
import { addressesOf } from "../sandbox/endpoint-addresses.js";
import { CniError, CODES } from "./contract.js";
import { get, list, number, object, parseJson, string, strings } from "./json.js";
import { rangesOf } from "./ranges.js";
/** Of networks. */
const ORIGIN = "netavark";
/** Where names are answered in the container. */
const RESOLVER = "127.0.0.11";
export class Netavark {
    constructor(containers) {
        this.containers = containers;
    }
    /** What is to be on standard output. Throws CniError, and what the model throws. */
    async call(command, netns, text) {
        const json = parseJson(text);
        switch (command) {
            case "create":
                await this.containers.checkNetwork(networkOf(json), ORIGIN);
                return json;
            case "setup":
                return this.setup(json, netns);
            case "teardown":
                await this.containers.leave(interfaceOf(json));
                return undefined;
            default:
                throw new CniError(CODES.invalidEnvironment, `unknown subcommand: ${command}`);
        }
    }
    setup(json, netns) {
        const [network, own] = [object(json, "network"), object(json, "network_options")];
        const [what, made] = [interfaceOf(json), networkOf(network)];
        const publish = list(json, "port_mappings").flatMap(portsOf);
        refuseOptions(object(own, "options"));
        const wanted = {
            ...what,
            netns,
            name: string(json, "container_name") ?? "",
            ips: strings(own, "static_ips"),
            mac: string(own, "static_mac"),
            aliases: strings(own, "aliases"),
            bandwidth: undefined,
            publish,
            servers: strings(network, "network_dns_servers"),
        };
        return this.containers.inTurn(made.name, async () => {
            await this.containers.prepare(what, netns);
            return statusOf(what.ifname, await this.containers.join(wanted, made, ORIGIN), get(network, "dns_enabled") === true);
        });
    }
}
function interfaceOf(json) {
    const containerId = string(json, "container_id");
    const network = string(object(json, "network"), "name");
    const ifname = string(object(json, "network_options"), "interface_name");
    if (containerId === undefined || network === undefined || ifname === undefined)
        throw new CniError(CODES.invalidConfig, "container_id, network.name and network_options.interface_name are needed");
    return { containerId, network, ifname };
}
function networkOf(json) {
    const name = string(json, "name") ?? "";
    const { mtu, ...options } = object(json, "options");
    const driver = string(object(json, "ipam_options"), "driver") ?? "host-local";
    if (driver !== "host-local")
        throw new CniError(CODES.unsupportedField, `IPAM driver ${driver} is not supported`, "leave --ipam-driver out");
    if (list(json, "routes").length > 0)
        throw new CniError(CODES.unsupportedField, "static routes are not supported", "leave --route out");
    if (mtu !== undefined && !/^\d+$/.test(mtu))
        throw new CniError(CODES.invalidConfig, `option mtu: '${mtu}' is not valid`);
    const ranges = list(json, "subnets").map((entry) => {
        const lease = object(entry, "lease_range");
        return [{ ...entry, rangeStart: get(lease, "start_ip"), rangeEnd: get(lease, "end_ip") }];
    });
    return {
        name,
        internal: get(json, "internal") === true,
        ranges: rangesOf({}, { ranges }, {}),
        ipv6: get(json, "ipv6_enabled") === true,
        options,
        ...(mtu !== undefined && { mtu: Number(mtu) }),
    };
}
function refuseOptions(options) {
    const [first] = Object.keys(options);
    if (first !== undefined)
        throw new CniError(CODES.unsupportedField, `option ${first} of --network is not supported`, "leave it out");
}
/** `[IP:]HOST[-END]:CONTAINER[-END]/PROTO`, one a protocol: Podman has "tcp,udp" in one. */
function portsOf(mapping) {
    const [host, container] = [number(mapping, "host_port") ?? 0, number(mapping, "container_port") ?? 0];
    const more = Math.max(number(mapping, "range") ?? 1, 1) - 1;
    const ip = string(mapping, "host_ip") ?? "";
    for (const [what, port] of [["container", container], ["host", host]])
        if (port < 1 || port + more > 65_535)
            throw new CniError(CODES.invalidConfig, `invalid ${what} port ${port}`, JSON.stringify(mapping));
    const address = ip === "" ? "" : ip.includes(":") ? `[${ip}]:` : `${ip}:`;
    const ports = (first) => (more === 0 ? String(first) : `${first}-${first + more}`);
    const protocols = (string(mapping, "protocol") ?? "tcp").split(",");
    return protocols.map((proto) => `${address}${ports(host)}:${ports(container)}/${proto.trim().toLowerCase()}`);
}
/** What Podman shows as the container's network, and writes into its resolv.conf. */
function statusOf(ifname, { network, endpoint }, named) {
    const subnets = addressesOf(endpoint.record, network.record).map(({ address, prefixLength, gateway }) => ({
        ipnet: `${address}/${prefixLength}`,
        gateway,
    }));
    return {
        dns_search_domains: [],
        dns_server_ips: named ? [RESOLVER] : [],
        interfaces: { [ifname]: { mac_address: endpoint.record.mac, subnets } },
    };
}
//# sourceMappingURL=netavark.js.map