/**
 * The routes of the API: method, path, what a request carries and what is answered. Server, client and docs/api.md are all made from this table,
 * so a route is added here, in `route-paths.ts`, and in the handlers of whoever serves it.
 */
import * as v from "valibot";
type Schema = v.GenericSchema;
export interface Route {
    method: "GET" | "POST" | "PUT" | "DELETE";
    /** A segment that starts with a colon is a parameter: `/v1/networks/:id`. */
    path: `/v1/${string}`;
    /** One sentence for docs/api.md. */
    summary: string;
    /** What is after the question mark: strings by name. */
    query?: Schema;
    /** The JSON that is sent. */
    body?: Schema;
    /** The JSON that is answered; without it none is, with status 204. */
    answer?: Schema;
}
export declare const ROUTES: {
    readonly info: {
        readonly method: "GET";
        readonly path: "/v1/info";
        readonly summary: "What runs here, and what it serves where.";
        readonly answer: v.ObjectSchema<{
            readonly pid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
            readonly version: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly role: v.SchemaWithPipe<readonly [v.PicklistSchema<["standalone", "daemon"], undefined>, v.DescriptionAction<"daemon" | "standalone", "`standalone`: `tsproxy -p …`. `daemon`: `tsproxy daemon`.">]>;
            readonly uptimeSec: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
            readonly apiSocket: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly launcherSocket: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly pluginSocket: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly launched: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>, undefined>;
        }, undefined>;
    };
    readonly stats: {
        readonly method: "GET";
        readonly path: "/v1/stats";
        readonly summary: "Published ports, and the counters of everything.";
        readonly answer: v.ObjectSchema<{
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
    };
    readonly flows: {
        readonly method: "GET";
        readonly path: "/v1/flows";
        readonly summary: "Connections, with both sides of their translation.";
        readonly query: v.ObjectSchema<{
            readonly client: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly port: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
        }, undefined>;
        readonly answer: v.ArraySchema<v.ObjectSchema<{
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
        }, undefined>, undefined>;
    };
    readonly endFlows: {
        readonly method: "DELETE";
        readonly path: "/v1/flows";
        readonly summary: "Ends connections. What comes of them afterwards the host's firewall sees as new.";
        readonly query: v.ObjectSchema<{
            readonly client: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly port: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
        }, undefined>;
        readonly answer: v.ObjectSchema<{
            readonly ended: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        }, undefined>;
    };
    readonly fdb: {
        readonly method: "GET";
        readonly path: "/v1/fdb";
        readonly summary: "Which MAC address is behind which port.";
        readonly answer: v.ArraySchema<v.ObjectSchema<{
            readonly mac: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly port: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
            readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly ageSec: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.DescriptionAction<number, "Seconds since it was seen.">]>;
            readonly static: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
        }, undefined>, undefined>;
    };
    readonly targets: {
        readonly method: "GET";
        readonly path: "/v1/targets";
        readonly summary: "Targets of published ports that may have several.";
        readonly answer: v.ArraySchema<v.ObjectSchema<{
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
        }, undefined>, undefined>;
    };
    readonly drainTargets: {
        readonly method: "POST";
        readonly path: "/v1/targets/drain";
        readonly summary: "Gives a target no new connections; after a time it ends those that it has.";
        readonly body: v.ObjectSchema<{
            readonly target: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly timeSec: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>, undefined>;
        }, undefined>;
        readonly answer: v.ObjectSchema<{
            readonly changed: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        }, undefined>;
    };
    readonly resumeTargets: {
        readonly method: "POST";
        readonly path: "/v1/targets/resume";
        readonly summary: "Gives it new connections again.";
        readonly body: v.ObjectSchema<{
            readonly target: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        }, undefined>;
        readonly answer: v.ObjectSchema<{
            readonly changed: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        }, undefined>;
    };
    readonly networks: {
        readonly method: "GET";
        readonly path: "/v1/networks";
        readonly summary: "All networks, Docker's of driver tsproxy too. A daemon only, as all that follows.";
        readonly answer: v.ArraySchema<v.ObjectSchema<{
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
        }, undefined>, undefined>;
    };
    readonly createNetwork: {
        readonly method: "POST";
        readonly path: "/v1/networks";
        readonly summary: "Makes a network.";
        readonly body: v.ObjectSchema<{
            readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly driver: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly subnet: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.UnionSchema<[v.StringSchema<undefined>, v.ArraySchema<v.StringSchema<undefined>, undefined>], undefined>, v.DescriptionAction<string | string[], string>]>, undefined>;
            readonly gateway: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.UnionSchema<[v.StringSchema<undefined>, v.ArraySchema<v.StringSchema<undefined>, undefined>], undefined>, v.DescriptionAction<string | string[], string>]>, undefined>;
            readonly ipRange: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.UnionSchema<[v.StringSchema<undefined>, v.ArraySchema<v.StringSchema<undefined>, undefined>], undefined>, v.DescriptionAction<string | string[], string>]>, undefined>;
            readonly auxAddresses: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.StringSchema<undefined>, undefined>, v.DescriptionAction<{
                [x: string]: string;
            }, string>]>, undefined>;
            readonly internal: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>, undefined>;
            readonly ipv4: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>, undefined>;
            readonly ipv6: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>, undefined>;
            readonly mtu: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, "Of its devices, in bytes.">]>, undefined>;
            readonly options: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.StringSchema<undefined>, undefined>, v.DescriptionAction<{
                [x: string]: string;
            }, string>]>, undefined>;
            readonly labels: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.StringSchema<undefined>, undefined>, v.DescriptionAction<{
                [x: string]: string;
            }, string>]>, undefined>;
        }, undefined>;
        readonly answer: v.ObjectSchema<{
            readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly warnings: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], "Such as pools that were passed over, and why.">]>;
        }, undefined>;
    };
    readonly network: {
        readonly method: "GET";
        readonly path: "/v1/networks/:network";
        readonly summary: "One network, by name, id or the start of an id.";
        readonly answer: v.ObjectSchema<{
            readonly Name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly Id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly Created: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly Scope: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly Driver: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly EnableIPv4: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
            readonly EnableIPv6: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
            readonly IPAM: v.ObjectSchema<{
                readonly Driver: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly Options: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.StringSchema<undefined>, undefined>, v.DescriptionAction<{
                    [x: string]: string;
                }, string>]>;
                readonly Config: v.ArraySchema<v.ObjectSchema<{
                    readonly Subnet: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                    readonly IPRange: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
                    readonly Gateway: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                    readonly AuxiliaryAddresses: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.StringSchema<undefined>, undefined>, v.DescriptionAction<{
                        [x: string]: string;
                    }, string>]>, undefined>;
                }, undefined>, undefined>;
            }, undefined>;
            readonly Internal: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
            readonly Attachable: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
            readonly Ingress: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
            readonly ConfigFrom: v.ObjectSchema<{
                readonly Network: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            }, undefined>;
            readonly ConfigOnly: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
            readonly Containers: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.ObjectSchema<{
                readonly Name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly EndpointID: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly MacAddress: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly IPv4Address: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly Node: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
                readonly IPv6Address: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            }, undefined>, undefined>, v.DescriptionAction<{
                [x: string]: {
                    Name: string;
                    EndpointID: string;
                    MacAddress: string;
                    IPv4Address: string;
                    Node?: string;
                    IPv6Address: string;
                };
            }, "Endpoints by the id of their sandbox.">]>;
            readonly Options: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.StringSchema<undefined>, undefined>, v.DescriptionAction<{
                [x: string]: string;
            }, string>]>;
            readonly Labels: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.StringSchema<undefined>, undefined>, v.DescriptionAction<{
                [x: string]: string;
            }, string>]>;
        }, undefined>;
    };
    readonly removeNetwork: {
        readonly method: "DELETE";
        readonly path: "/v1/networks/:network";
        readonly summary: "Removes a network that nothing is in.";
    };
    readonly pruneNetworks: {
        readonly method: "POST";
        readonly path: "/v1/networks/prune";
        readonly summary: "Removes all networks that nothing is in; `bridge` and Docker's stay.";
        readonly answer: v.ObjectSchema<{
            readonly deleted: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], "Their names.">]>;
        }, undefined>;
    };
    readonly nodes: {
        readonly method: "GET";
        readonly path: "/v1/nodes";
        readonly summary: "The nodes of the cluster.";
        readonly answer: v.ArraySchema<v.ObjectSchema<{
            readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly addresses: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], "Where the others send what is for its endpoints.">]>;
            readonly there: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
            readonly endpoints: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.DescriptionAction<number, "That have addresses there.">]>;
        }, undefined>, undefined>;
    };
    readonly removeNode: {
        readonly method: "DELETE";
        readonly path: "/v1/nodes/:node";
        readonly summary: "Gives back the addresses of a node that is gone for good.";
    };
    readonly endpoints: {
        readonly method: "GET";
        readonly path: "/v1/endpoints";
        readonly summary: "The endpoints in networks.";
        readonly answer: v.ArraySchema<v.ObjectSchema<{
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
        }, undefined>, undefined>;
    };
    readonly sandboxes: {
        readonly method: "GET";
        readonly path: "/v1/sandboxes";
        readonly summary: "All sandboxes, also those that have ended and were not removed.";
        readonly answer: v.ArraySchema<v.ObjectSchema<{
            readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly hostname: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly kind: v.PicklistSchema<["run", "attached"], undefined>;
            readonly command: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
            readonly created: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly state: v.PicklistSchema<["running", "exited"], undefined>;
            readonly exitCode: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>, undefined>;
            readonly finished: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly pid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
            readonly netns: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly network: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly endpoints: v.ArraySchema<v.ObjectSchema<{
                readonly network: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly networkName: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly endpoint: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly address: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly ipv6Address: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
                readonly mac: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly device: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly aliases: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
                readonly gateway: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
                readonly ipv6Gateway: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
                readonly bandwidth: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ObjectSchema<{
                    readonly ingress: v.ExactOptionalSchema<v.ObjectSchema<{
                        readonly rate: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                        readonly burst: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                    }, undefined>, undefined>;
                    readonly egress: v.ExactOptionalSchema<v.ObjectSchema<{
                        readonly rate: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                        readonly burst: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                    }, undefined>, undefined>;
                }, undefined>, v.DescriptionAction<{
                    ingress?: {
                        rate: number;
                        burst: number;
                    };
                    egress?: {
                        rate: number;
                        burst: number;
                    };
                }, "What it is sent (`ingress`) and sends (`egress`) in this network at most; by default as much as there is.">]>, undefined>;
            }, undefined>, undefined>;
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
            readonly dir: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly detached: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
        }, undefined>, undefined>;
    };
    readonly createSandbox: {
        readonly method: "POST";
        readonly path: "/v1/sandboxes";
        readonly summary: "Gives a namespace its networks. `tsproxy run` and `tsproxy attach` do it.";
        readonly body: v.ObjectSchema<{
            readonly ip: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly ip6: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly mac: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly aliases: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>, undefined>;
            readonly gwPriority: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>, undefined>;
            readonly device: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly bandwidth: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ObjectSchema<{
                readonly ingress: v.ExactOptionalSchema<v.ObjectSchema<{
                    readonly rate: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                    readonly burst: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                }, undefined>, undefined>;
                readonly egress: v.ExactOptionalSchema<v.ObjectSchema<{
                    readonly rate: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                    readonly burst: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                }, undefined>, undefined>;
            }, undefined>, v.DescriptionAction<{
                ingress?: {
                    rate: number;
                    burst: number;
                };
                egress?: {
                    rate: number;
                    burst: number;
                };
            }, "What it is sent (`ingress`) and sends (`egress`) in this network at most; by default as much as there is.">]>, undefined>;
            readonly kind: v.SchemaWithPipe<readonly [v.PicklistSchema<["run", "attached"], undefined>, v.DescriptionAction<"attached" | "run", "`run`: `pid` is the init of a program that `tsproxy run` starts. `attached`: `netns` is somebody else's.">]>;
            readonly pid: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>, undefined>;
            readonly netns: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly id: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly name: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly hostname: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly command: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
            readonly network: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly links: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>, undefined>;
            readonly dns: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>, undefined>;
            readonly dnsSearch: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>, undefined>;
            readonly dnsOptions: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>, undefined>;
            readonly extraHosts: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>, undefined>;
            readonly publish: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>, undefined>;
            readonly affinity: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly healthCheck: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly expose: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>, undefined>;
            readonly autoRemove: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>, undefined>;
            readonly detached: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>, undefined>;
        }, undefined>;
        readonly answer: v.ObjectSchema<{
            readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly dir: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly warnings: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
        }, undefined>;
    };
    readonly sandbox: {
        readonly method: "GET";
        readonly path: "/v1/sandboxes/:sandbox";
        readonly summary: "One sandbox, by name, id or the start of an id.";
        readonly answer: v.ObjectSchema<{
            readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly hostname: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly kind: v.PicklistSchema<["run", "attached"], undefined>;
            readonly command: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
            readonly created: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly state: v.PicklistSchema<["running", "exited"], undefined>;
            readonly exitCode: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>, undefined>;
            readonly finished: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly pid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
            readonly netns: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly network: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly endpoints: v.ArraySchema<v.ObjectSchema<{
                readonly network: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly networkName: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly endpoint: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly address: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly ipv6Address: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
                readonly mac: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly device: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly aliases: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
                readonly gateway: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
                readonly ipv6Gateway: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
                readonly bandwidth: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ObjectSchema<{
                    readonly ingress: v.ExactOptionalSchema<v.ObjectSchema<{
                        readonly rate: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                        readonly burst: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                    }, undefined>, undefined>;
                    readonly egress: v.ExactOptionalSchema<v.ObjectSchema<{
                        readonly rate: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                        readonly burst: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                    }, undefined>, undefined>;
                }, undefined>, v.DescriptionAction<{
                    ingress?: {
                        rate: number;
                        burst: number;
                    };
                    egress?: {
                        rate: number;
                        burst: number;
                    };
                }, "What it is sent (`ingress`) and sends (`egress`) in this network at most; by default as much as there is.">]>, undefined>;
            }, undefined>, undefined>;
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
            readonly dir: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly detached: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
        }, undefined>;
    };
    readonly inspectSandbox: {
        readonly method: "GET";
        readonly path: "/v1/sandboxes/:sandbox/inspect";
        readonly summary: "The same in the shape that Docker has for containers.";
        readonly answer: v.ObjectSchema<{
            readonly Id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly Created: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly Path: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly Args: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
            readonly Name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly State: v.ObjectSchema<{
                readonly Status: v.PicklistSchema<["running", "exited"], undefined>;
                readonly Running: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
                readonly Pid: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
                readonly ExitCode: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
                readonly FinishedAt: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            }, undefined>;
            readonly HostnamePath: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly HostsPath: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly ResolvConfPath: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
            readonly Config: v.ObjectSchema<{
                readonly Hostname: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly Cmd: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
            }, undefined>;
            readonly HostConfig: v.ObjectSchema<{
                readonly NetworkMode: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly AutoRemove: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
                readonly Dns: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
                readonly DnsOptions: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
                readonly DnsSearch: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
                readonly ExtraHosts: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
                readonly Links: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
            }, undefined>;
            readonly NetworkSettings: v.ObjectSchema<{
                readonly SandboxKey: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                readonly Ports: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.ArraySchema<v.ObjectSchema<{
                    readonly HostIp: v.StringSchema<undefined>;
                    readonly HostPort: v.StringSchema<undefined>;
                }, undefined>, undefined>, undefined>, v.DescriptionAction<{
                    [x: string]: {
                        HostIp: string;
                        HostPort: string;
                    }[];
                }, "Published ports, each by itself: `80/tcp`.">]>;
                readonly Networks: v.SchemaWithPipe<readonly [v.RecordSchema<v.StringSchema<undefined>, v.ObjectSchema<{
                    readonly Aliases: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
                    readonly DNSNames: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
                    readonly NetworkID: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                    readonly EndpointID: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                    readonly MacAddress: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                    readonly Gateway: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                    readonly IPAddress: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                    readonly IPPrefixLen: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
                    readonly IPv6Gateway: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                    readonly GlobalIPv6Address: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
                    readonly GlobalIPv6PrefixLen: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
                    readonly GwPriority: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
                }, undefined>, undefined>, v.DescriptionAction<{
                    [x: string]: {
                        Aliases: string[];
                        DNSNames: string[];
                        NetworkID: string;
                        EndpointID: string;
                        MacAddress: string;
                        Gateway: string;
                        IPAddress: string;
                        IPPrefixLen: number;
                        IPv6Gateway: string;
                        GlobalIPv6Address: string;
                        GlobalIPv6PrefixLen: number;
                        GwPriority: number;
                    };
                }, "Its endpoints, by the network's name.">]>;
            }, undefined>;
        }, undefined>;
    };
    readonly removeSandbox: {
        readonly method: "DELETE";
        readonly path: "/v1/sandboxes/:sandbox";
        readonly summary: "Forgets a sandbox that has ended, or detaches one that was attached.";
        readonly query: v.ObjectSchema<{
            readonly force: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
        }, undefined>;
    };
    readonly waitSandbox: {
        readonly method: "GET";
        readonly path: "/v1/sandboxes/:sandbox/wait";
        readonly summary: "Answers when it has ended, or after three seconds.";
        readonly answer: v.ObjectSchema<{
            readonly exitCode: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>, undefined>;
        }, undefined>;
    };
    readonly signalSandbox: {
        readonly method: "POST";
        readonly path: "/v1/sandboxes/:sandbox/signal";
        readonly summary: "Sends its program a signal; SIGKILL ends all that runs in it.";
        readonly body: v.ObjectSchema<{
            readonly signal: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
        }, undefined>;
    };
    readonly renameSandbox: {
        readonly method: "POST";
        readonly path: "/v1/sandboxes/:sandbox/rename";
        readonly summary: "Gives it another name, in its networks too.";
        readonly body: v.ObjectSchema<{
            readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        }, undefined>;
    };
    readonly connectSandbox: {
        readonly method: "POST";
        readonly path: "/v1/sandboxes/:sandbox/connect";
        readonly summary: "Puts it into another network.";
        readonly body: v.ObjectSchema<{
            readonly ip: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly ip6: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly mac: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly aliases: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>, undefined>;
            readonly gwPriority: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>, undefined>;
            readonly device: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
            readonly bandwidth: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.ObjectSchema<{
                readonly ingress: v.ExactOptionalSchema<v.ObjectSchema<{
                    readonly rate: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                    readonly burst: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                }, undefined>, undefined>;
                readonly egress: v.ExactOptionalSchema<v.ObjectSchema<{
                    readonly rate: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                    readonly burst: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.MinValueAction<number, 1, undefined>, v.MaxValueAction<number, 1000000000000000, undefined>, v.DescriptionAction<number, string>]>;
                }, undefined>, undefined>;
            }, undefined>, v.DescriptionAction<{
                ingress?: {
                    rate: number;
                    burst: number;
                };
                egress?: {
                    rate: number;
                    burst: number;
                };
            }, "What it is sent (`ingress`) and sends (`egress`) in this network at most; by default as much as there is.">]>, undefined>;
            readonly network: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        }, undefined>;
    };
    readonly disconnectSandbox: {
        readonly method: "POST";
        readonly path: "/v1/sandboxes/:sandbox/disconnect";
        readonly summary: "Takes it out of a network.";
        readonly body: v.ObjectSchema<{
            readonly network: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
        }, undefined>;
    };
};
/** Names of the parameters in a path. */
type ParameterOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}` ? Name | ParameterOf<Rest> : Path extends `${string}:${infer Name}` ? Name : never;
type OutputOf<R, Part extends string> = R extends {
    [P in Part]: infer S extends Schema;
} ? v.InferOutput<S> : undefined;
type InputOf<R, Part extends string> = R extends {
    [P in Part]: infer S extends Schema;
} ? {
    [P in Part]: v.InferInput<S>;
} : unknown;
export type AnswerOf<R> = OutputOf<R, "answer">;
/** What a handler gets: everything checked. */
export interface Checked<R extends Route> {
    params: Record<ParameterOf<R["path"]>, string>;
    query: OutputOf<R, "query">;
    body: OutputOf<R, "body">;
}
/** What a caller gives; only what the route takes. */
export type Given<R extends Route> = ([ParameterOf<R["path"]>] extends [never] ? unknown : {
    params: Record<ParameterOf<R["path"]>, string>;
}) & InputOf<R, "query"> & InputOf<R, "body">;
export type Routes = Readonly<Record<string, Route>>;
/** Who serves a route and how; routes that are left out are not found. */
export type Handlers<R extends Routes = typeof ROUTES> = {
    [Name in keyof R]?: (request: Checked<R[Name]>) => AnswerOf<R[Name]> | Promise<AnswerOf<R[Name]>>;
};
export {};
