/** What is remembered of a sandbox: a file in its folder, which ends with the machine's boot as its namespace does. */
import * as v from "valibot";
declare const attachment: v.ObjectSchema<{
    /** Ids. */
    readonly network: v.StringSchema<undefined>;
    readonly endpoint: v.StringSchema<undefined>;
    /** Name of its device in the namespace. */
    readonly device: v.StringSchema<undefined>;
    /** Names in this network besides the sandbox's own. */
    readonly aliases: v.ArraySchema<v.StringSchema<undefined>, undefined>;
    readonly gwPriority: v.NumberSchema<undefined>;
}, undefined>;
export type Attachment = v.InferOutput<typeof attachment>;
declare const sandbox: v.ObjectSchema<{
    readonly id: v.StringSchema<undefined>;
    readonly name: v.StringSchema<undefined>;
    readonly hostname: v.StringSchema<undefined>;
    readonly kind: v.PicklistSchema<["run", "attached"], undefined>;
    readonly command: v.ArraySchema<v.StringSchema<undefined>, undefined>;
    readonly created: v.StringSchema<undefined>;
    /** Of its init, and when that started, in clock ticks since the boot: together they are one process's alone. 0 and "" for an attached one. */
    readonly pid: v.NumberSchema<undefined>;
    readonly startTime: v.StringSchema<undefined>;
    /** Absolute path of its network namespace. */
    readonly netns: v.StringSchema<undefined>;
    /** Of the namespace, as one path may lead to another later. */
    readonly netnsInode: v.NumberSchema<undefined>;
    /** "": networks of its own; else `host`, `none`, `container:ID`. */
    readonly mode: v.StringSchema<undefined>;
    readonly attachments: v.ArraySchema<v.ObjectSchema<{
        /** Ids. */
        readonly network: v.StringSchema<undefined>;
        readonly endpoint: v.StringSchema<undefined>;
        /** Name of its device in the namespace. */
        readonly device: v.StringSchema<undefined>;
        /** Names in this network besides the sandbox's own. */
        readonly aliases: v.ArraySchema<v.StringSchema<undefined>, undefined>;
        readonly gwPriority: v.NumberSchema<undefined>;
    }, undefined>, undefined>;
    /** The endpoint by which the default route goes; of IPv6 below (`gateways.ts`). */
    readonly gateway: v.ExactOptionalSchema<v.StringSchema<undefined>, undefined>;
    readonly ipv6Gateway: v.ExactOptionalSchema<v.StringSchema<undefined>, undefined>;
    readonly ports: v.ArraySchema<v.ObjectSchema<{
        /** With the interface of a link-local one behind it; "": where the network says. */
        readonly hostIp: v.StringSchema<undefined>;
        readonly hostPort: v.NumberSchema<undefined>;
        readonly hostPortEnd: v.NumberSchema<undefined>;
        readonly pickFromRange: v.BooleanSchema<undefined>;
        readonly targetPort: v.NumberSchema<undefined>;
        readonly targetPortEnd: v.NumberSchema<undefined>;
        readonly proto: v.PicklistSchema<["tcp", "udp", "sctp"], undefined>;
        /** All that have the name in the network are targets (`named-ports.ts`), as the texts of these options say. */
        readonly name: v.ExactOptionalSchema<v.StringSchema<undefined>, undefined>;
        readonly affinity: v.ExactOptionalSchema<v.StringSchema<undefined>, undefined>;
        readonly healthCheck: v.ExactOptionalSchema<v.StringSchema<undefined>, undefined>;
    }, undefined>, undefined>;
    readonly exposed: v.ExactOptionalSchema<v.ArraySchema<v.ObjectSchema<{
        readonly proto: v.PicklistSchema<["tcp", "udp", "sctp"], undefined>;
        readonly first: v.NumberSchema<undefined>;
        readonly last: v.NumberSchema<undefined>;
    }, undefined>, undefined>, undefined>;
    readonly links: v.ArraySchema<v.ObjectSchema<{
        readonly target: v.StringSchema<undefined>;
        readonly alias: v.StringSchema<undefined>;
    }, undefined>, undefined>;
    readonly dns: v.ArraySchema<v.StringSchema<undefined>, undefined>;
    readonly dnsSearch: v.ArraySchema<v.StringSchema<undefined>, undefined>;
    readonly dnsOptions: v.ArraySchema<v.StringSchema<undefined>, undefined>;
    readonly extraHosts: v.ArraySchema<v.StringSchema<undefined>, undefined>;
    /** It is being made or removed: after a SIGKILL what there is of it is to be undone. */
    readonly pending: v.BooleanSchema<undefined>;
    readonly autoRemove: v.BooleanSchema<undefined>;
    readonly detached: v.BooleanSchema<undefined>;
    readonly exit: v.ExactOptionalSchema<v.ObjectSchema<{
        readonly code: v.NumberSchema<undefined>;
        readonly at: v.StringSchema<undefined>;
    }, undefined>, undefined>;
}, undefined>;
export type SandboxRecord = v.InferOutput<typeof sandbox>;
/** The record in a file's text, or undefined when it is none. */
export declare function parseRecord(text: string): SandboxRecord | undefined;
export {};
