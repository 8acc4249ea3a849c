/**
 * What the API answers, as schemas: the types are inferred from them and docs/api.md is made from them (`npm run docs`). `import type` from here
 * costs nothing; the schemas themselves are loaded with `routes.ts`.
 */
import * as v from "valibot";
export declare const InfoView: v.ObjectSchema<{
    readonly pid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly version: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly role: v.SchemaWithPipe<readonly [v.PicklistSchema<["standalone", "daemon"], undefined>, v.DescriptionAction<"daemon" | "standalone", "`standalone`: `tsproxy -p …`. `daemon`: `tsproxy daemon`.">]>;
    readonly uptimeSec: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly apiSocket: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly launcherSocket: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
    readonly pluginSocket: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
    readonly launched: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>, undefined>;
}, undefined>;
/** GET /v1/info */
export type InfoView = v.InferOutput<typeof InfoView>;
export declare const MappingView: v.ObjectSchema<{
    readonly hostIp: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly hostPort: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly hostPortEnd: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly targetIp: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly targetPort: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly targetPortEnd: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly proto: v.PicklistSchema<["tcp", "udp", "sctp"], undefined>;
    readonly targets: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.ObjectSchema<{
        readonly ip: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly port: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    }, undefined>, undefined>, v.DescriptionAction<{
        ip: string;
        port: number;
    }[], "Where there may be several targets: all of them; `targetIp` and `targetPort` are the first's.">]>, undefined>;
    readonly via: v.SchemaWithPipe<readonly [v.PicklistSchema<["dataplane", "relay"], undefined>, v.DescriptionAction<"dataplane" | "relay", "How the port is served: by packets, or by sockets.">]>;
}, undefined>;
export type MappingView = v.InferOutput<typeof MappingView>;
declare const Drops: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.NumberSchema<undefined>, undefined>, v.DescriptionAction<{
    [x: string]: number;
}, string>]>;
/** By reason name (`wire/drop.ts`). */
export type Drops = v.InferOutput<typeof Drops>;
export declare const PortStats: v.ObjectSchema<{
    readonly port: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly kind: v.SchemaWithPipe<readonly [v.PicklistSchema<["uplink", "host", "endpoint", "held", "tunnel", "remote", "lan"], undefined>, v.DescriptionAction<"endpoint" | "held" | "host" | "lan" | "remote" | "tunnel" | "uplink", "What is behind it: the host's steered traffic, the host in a network, an endpoint, tunnels to other nodes, or, without a device, what the host's kernel has accepted for published ports, or the other nodes of an overlay network.">]>;
    readonly address: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
    readonly rxPackets: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly rxBytes: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly txPackets: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly txBytes: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly drops: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.NumberSchema<undefined>, undefined>, v.DescriptionAction<{
        [x: string]: number;
    }, string>]>;
}, undefined>;
export type PortStats = v.InferOutput<typeof PortStats>;
export declare const StatsView: v.ObjectSchema<{
    readonly pid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly version: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly uptimeSec: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly mappings: v.SchemaWithPipe<readonly [v.ArraySchema<v.ObjectSchema<{
        readonly hostIp: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly hostPort: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly hostPortEnd: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly targetIp: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly targetPort: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly targetPortEnd: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly proto: v.PicklistSchema<["tcp", "udp", "sctp"], undefined>;
        readonly targets: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.ObjectSchema<{
            readonly ip: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly port: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        }, undefined>, undefined>, v.DescriptionAction<{
            ip: string;
            port: number;
        }[], "Where there may be several targets: all of them; `targetIp` and `targetPort` are the first's.">]>, undefined>;
        readonly via: v.SchemaWithPipe<readonly [v.PicklistSchema<["dataplane", "relay"], undefined>, v.DescriptionAction<"dataplane" | "relay", "How the port is served: by packets, or by sockets.">]>;
    }, undefined>, undefined>, v.DescriptionAction<{
        hostIp: string;
        hostPort: number;
        hostPortEnd: number;
        targetIp: string;
        targetPort: number;
        targetPortEnd: number;
        proto: "sctp" | "tcp" | "udp";
        targets?: {
            ip: string;
            port: number;
        }[];
        via: "dataplane" | "relay";
    }[], "Published ports.">]>;
    readonly ports: v.SchemaWithPipe<readonly [v.ArraySchema<v.ObjectSchema<{
        readonly port: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly kind: v.SchemaWithPipe<readonly [v.PicklistSchema<["uplink", "host", "endpoint", "held", "tunnel", "remote", "lan"], undefined>, v.DescriptionAction<"endpoint" | "held" | "host" | "lan" | "remote" | "tunnel" | "uplink", "What is behind it: the host's steered traffic, the host in a network, an endpoint, tunnels to other nodes, or, without a device, what the host's kernel has accepted for published ports, or the other nodes of an overlay network.">]>;
        readonly address: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
        readonly rxPackets: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly rxBytes: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly txPackets: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly txBytes: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly drops: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.NumberSchema<undefined>, undefined>, v.DescriptionAction<{
            [x: string]: number;
        }, string>]>;
    }, undefined>, undefined>, v.DescriptionAction<{
        port: number;
        name: string;
        kind: "endpoint" | "held" | "host" | "lan" | "remote" | "tunnel" | "uplink";
        address?: string;
        rxPackets: number;
        rxBytes: number;
        txPackets: number;
        txBytes: number;
        drops: {
            [x: string]: number;
        };
    }[], "Ports of the dataplane.">]>;
    readonly drops: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.NumberSchema<undefined>, undefined>, v.DescriptionAction<{
        [x: string]: number;
    }, string>]>;
    readonly flows: v.ObjectSchema<{
        readonly active: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly capacity: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly created: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly expired: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly refused: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly evicted: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>, undefined>;
    }, undefined>;
    readonly holders: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.ObjectSchema<{
        readonly kind: v.SchemaWithPipe<readonly [v.PicklistSchema<["client", "endpoint", "port"], undefined>, v.DescriptionAction<"client" | "endpoint" | "port", "Who opened the flows, or the published port that they were opened to.">]>;
        readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly flows: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly limited: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
    }, undefined>, undefined>, v.DescriptionAction<{
        kind: "client" | "endpoint" | "port";
        name: string;
        flows: number;
        limited: boolean;
    }[], "Who has most flows, and who has had flows refused for a limit.">]>, undefined>;
    readonly steering: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.NumberSchema<undefined>, undefined>, v.DescriptionAction<{
        [x: string]: number;
    }, string>]>;
}, undefined>;
/** GET /v1/stats */
export type StatsView = v.InferOutput<typeof StatsView>;
export declare const FlowView: v.ObjectSchema<{
    readonly proto: v.PicklistSchema<["tcp", "udp", "sctp", "icmp", "icmpv6"], undefined>;
    readonly state: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly original: v.SchemaWithPipe<readonly [v.ObjectSchema<{
        readonly src: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly dst: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    }, undefined>, v.DescriptionAction<{
        src: string;
        dst: string;
    }, "As the one who began sees it.">]>;
    readonly reply: v.SchemaWithPipe<readonly [v.ObjectSchema<{
        readonly src: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly dst: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    }, undefined>, v.DescriptionAction<{
        src: string;
        dst: string;
    }, "As the other side sees its answers.">]>;
    readonly timeoutSec: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.DescriptionAction<number, "Seconds until it ends, unless a packet comes.">]>;
    readonly offloaded: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
    readonly packets: v.SchemaWithPipe<readonly [v.TupleSchema<[v.NumberSchema<undefined>, v.NumberSchema<undefined>], undefined>, v.DescriptionAction<[number, number], "In original and in reply direction.">]>;
}, undefined>;
/** GET /v1/flows: an array of these. */
export type FlowView = v.InferOutput<typeof FlowView>;
/** Query of /v1/flows. */
export declare const FlowQuery: v.ObjectSchema<{
    readonly client: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
    readonly port: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
}, undefined>;
export type FlowQuery = v.InferOutput<typeof FlowQuery>;
export declare const EndedView: v.ObjectSchema<{
    readonly ended: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
}, undefined>;
/** DELETE /v1/flows */
export type EndedView = v.InferOutput<typeof EndedView>;
export declare const TargetView: v.ObjectSchema<{
    readonly hostIps: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], "What the port is published on, as in a mapping.">]>;
    readonly hostPort: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly hostPortEnd: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly proto: v.PicklistSchema<["tcp", "udp", "sctp"], undefined>;
    readonly targetIp: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly targetPort: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly targetPortEnd: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly state: v.SchemaWithPipe<readonly [v.PicklistSchema<["up", "down", "draining", "drained"], undefined>, v.DescriptionAction<"down" | "drained" | "draining" | "up", "`up`: it gets new connections. `down`: its health check failed. `draining`: what it has goes on, for a time.">]>;
    readonly checked: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
    readonly flows: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
}, undefined>;
/** GET /v1/targets: an array of these. */
export type TargetView = v.InferOutput<typeof TargetView>;
/** POST /v1/targets/drain */
export declare const TargetDrain: v.ObjectSchema<{
    readonly target: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly timeSec: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>, undefined>;
}, undefined>;
/** POST /v1/targets/resume */
export declare const TargetResume: v.ObjectSchema<{
    readonly target: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
}, undefined>;
export declare const TargetsChanged: v.ObjectSchema<{
    readonly changed: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
}, undefined>;
export declare const FdbView: v.ObjectSchema<{
    readonly mac: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly port: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly ageSec: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.DescriptionAction<number, "Seconds since it was seen.">]>;
    readonly static: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
}, undefined>;
/** GET /v1/fdb: an array of these. */
export type FdbView = v.InferOutput<typeof FdbView>;
export declare const NetworkView: v.ObjectSchema<{
    readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly driver: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly created: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly labels: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.StringSchema<undefined>, undefined>, v.DescriptionAction<{
        [x: string]: string;
    }, "As they were given.">]>;
    readonly subnet: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly gateway: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly ipv6Subnet: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
    readonly ipv6Gateway: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
    readonly device: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly mtu: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
    readonly internal: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
    readonly icc: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
    readonly masquerade: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
    readonly promiscuous: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
    readonly endpoints: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
}, undefined>;
/** GET /v1/networks: an array of these. */
export type NetworkView = v.InferOutput<typeof NetworkView>;
export declare const EndpointView: v.ObjectSchema<{
    readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly network: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly owner: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly names: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], "What it is called in its network, the main name first.">]>;
    readonly address: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly ipv6Address: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
    readonly mac: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly state: v.SchemaWithPipe<readonly [v.PicklistSchema<["created", "joined", "gone"], undefined>, v.DescriptionAction<"created" | "gone" | "joined", "`gone`: its device ended, with its namespace or otherwise.">]>;
    readonly sandbox: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly ports: v.SchemaWithPipe<readonly [v.ArraySchema<v.ObjectSchema<{
        readonly hostIp: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly hostPort: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly hostPortEnd: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly targetIp: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        readonly targetPort: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly targetPortEnd: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        readonly proto: v.PicklistSchema<["tcp", "udp", "sctp"], undefined>;
        readonly targets: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.ObjectSchema<{
            readonly ip: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly port: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        }, undefined>, undefined>, v.DescriptionAction<{
            ip: string;
            port: number;
        }[], "Where there may be several targets: all of them; `targetIp` and `targetPort` are the first's.">]>, undefined>;
        readonly via: v.SchemaWithPipe<readonly [v.PicklistSchema<["dataplane", "relay"], undefined>, v.DescriptionAction<"dataplane" | "relay", "How the port is served: by packets, or by sockets.">]>;
    }, undefined>, undefined>, v.DescriptionAction<{
        hostIp: string;
        hostPort: number;
        hostPortEnd: number;
        targetIp: string;
        targetPort: number;
        targetPortEnd: number;
        proto: "sctp" | "tcp" | "udp";
        targets?: {
            ip: string;
            port: number;
        }[];
        via: "dataplane" | "relay";
    }[], "Published ports.">]>;
}, undefined>;
/** GET /v1/endpoints: an array of these. */
export type EndpointView = v.InferOutput<typeof EndpointView>;
export {};
