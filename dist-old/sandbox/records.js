/** What is remembered of a sandbox: a file in its folder, which ends with the machine's boot as its namespace does. */
import * as v from "valibot";
const texts = v.array(v.string());
const attachment = v.object({
    /** Ids. */
    network: v.string(),
    endpoint: v.string(),
    /** Name of its device in the namespace. */
    device: v.string(),
    /** Names in this network besides the sandbox's own. */
    aliases: texts,
    gwPriority: v.number(),
});
const port = v.object({
    /** With the interface of a link-local one behind it; "": where the network says. */
    hostIp: v.string(),
    hostPort: v.number(),
    hostPortEnd: v.number(),
    pickFromRange: v.boolean(),
    targetPort: v.number(),
    targetPortEnd: v.number(),
    proto: v.picklist(["tcp", "udp", "sctp"]),
    /** All that have the name in the network are targets (`named-ports.ts`), as the texts of these options say. */
    name: v.exactOptional(v.string()),
    affinity: v.exactOptional(v.string()),
    healthCheck: v.exactOptional(v.string()),
});
const proto = v.picklist(["tcp", "udp", "sctp"]);
/** For those that are linked to it alone. */
const exposed = v.object({ proto, first: v.number(), last: v.number() });
/** `alias` stands for the sandbox `target`, here alone. */
const link = v.object({ target: v.string(), alias: v.string() });
const sandbox = v.object({
    id: v.string(),
    name: v.string(),
    hostname: v.string(),
    kind: v.picklist(["run", "attached"]),
    command: texts,
    created: v.string(),
    /** Of its init, and when that started, in clock ticks since the boot: together they are one process's alone. 0 and "" for an attached one. */
    pid: v.number(),
    startTime: v.string(),
    /** Absolute path of its network namespace. */
    netns: v.string(),
    /** Of the namespace, as one path may lead to another later. */
    netnsInode: v.number(),
    /** "": networks of its own; else `host`, `none`, `container:ID`. */
    mode: v.string(),
    attachments: v.array(attachment),
    /** The endpoint by which the default route goes; of IPv6 below (`gateways.ts`). */
    gateway: v.exactOptional(v.string()),
    ipv6Gateway: v.exactOptional(v.string()),
    ports: v.array(port),
    exposed: v.exactOptional(v.array(exposed)),
    links: v.array(link),
    dns: texts,
    dnsSearch: texts,
    dnsOptions: texts,
    extraHosts: texts,
    /** It is being made or removed: after a SIGKILL what there is of it is to be undone. */
    pending: v.boolean(),
    autoRemove: v.boolean(),
    detached: v.boolean(),
    exit: v.exactOptional(v.object({ code: v.number(), at: v.string() })),
});
/** The record in a file's text, or undefined when it is none. */
export function parseRecord(text) {
    try {
        const result = v.safeParse(sandbox, JSON.parse(text));
        return result.success ? result.output : undefined;
    }
    catch {
        return undefined;
    }
}
//# sourceMappingURL=records.js.map