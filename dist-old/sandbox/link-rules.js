import { PROTOCOLS } from "../wire/ipv4.js";
export class LinkRules {
    constructor() {
        /** By the endpoints of client and server, with the ports as text. */
        this.open = new Map();
    }
    /** `all`: those that run. */
    refresh(all, membersOf) {
        const wanted = new Map();
        for (const record of all.values())
            for (const { target } of record.links) {
                const other = all.get(target);
                if (other === undefined)
                    continue;
                const ports = portsOf(other);
                for (const { client, server } of pairs(membersOf(record), membersOf(other)))
                    wanted.set(`${client.endpoint.record.id} ${server.endpoint.record.id}`, { client, server, ports });
            }
        for (const [key, { ports, link }] of this.open) {
            if (textOf(wanted.get(key)?.ports) === ports)
                continue;
            link.close();
            this.open.delete(key);
        }
        for (const [key, { client, server, ports }] of wanted)
            if (!this.open.has(key))
                this.open.set(key, { ports: textOf(ports), link: client.endpoint.link(server.endpoint, ports) });
    }
}
function pairs(clients, servers) {
    const closed = clients.filter(({ network, endpoint }) => !network.record.options.icc && !endpoint.gone);
    return closed.flatMap((client) => {
        const server = servers.find(({ network, endpoint }) => network === client.network && !endpoint.gone);
        return server === undefined ? [] : [{ client, server }];
    });
}
function portsOf({ ports, exposed = [] }) {
    const published = ports.map(({ proto, targetPort, targetPortEnd }) => ({ proto, first: targetPort, last: targetPortEnd }));
    return [...published, ...exposed].map(({ proto, first, last }) => ({ proto: PROTOCOLS[proto], first, last }));
}
function textOf(ports) {
    return JSON.stringify(ports) ?? "";
}
//# sourceMappingURL=link-rules.js.map