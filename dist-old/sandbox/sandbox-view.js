import { mappingText } from "../control/mapping.js";
import { shortId } from "../model/records.js";
import { addressesOf } from "./endpoint-addresses.js";
export function sandboxView(record, members, dir, named = []) {
    const { id, name, hostname, kind, command, created, pid, netns, mode, exit, gateway, ipv6Gateway, detached } = record;
    const endpoints = members.map(({ attachment, network, endpoint }) => {
        const addresses = addressesOf(endpoint.record, network.record);
        const [ipv4, ipv6] = [4, 6].map((family) => addresses.find((each) => each.family === family)?.address);
        return {
            network: network.record.id,
            networkName: network.record.name ?? shortId(network.record.id),
            endpoint: endpoint.record.id,
            address: ipv4 ?? "",
            ...(ipv6 !== undefined && { ipv6Address: ipv6 }),
            mac: endpoint.record.mac,
            device: attachment.device,
            aliases: attachment.aliases,
            gateway: attachment.endpoint === gateway,
            ipv6Gateway: attachment.endpoint === ipv6Gateway,
            ...(endpoint.record.bandwidth !== undefined && { bandwidth: endpoint.record.bandwidth }),
        };
    });
    return {
        id,
        name,
        hostname,
        kind,
        command,
        created,
        state: exit === undefined ? "running" : "exited",
        ...(exit !== undefined && { exitCode: exit.code, finished: exit.at }),
        pid,
        netns,
        network: mode || (endpoints[0]?.networkName ?? ""),
        endpoints,
        ports: [...members.flatMap(({ endpoint }) => endpoint.mappings), ...named].map((mapping) => ({
            ...mappingText(mapping),
            via: "dataplane",
        })),
        dir,
        detached,
    };
}
//# sourceMappingURL=sandbox-view.js.map