/** What the API says of sandboxes, and what it takes. */
import * as v from "valibot";
export declare const SandboxCreate: v.ObjectSchema<{
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
/** POST /v1/sandboxes */
export type SandboxCreate = v.InferOutput<typeof SandboxCreate>;
export declare const SandboxCreated: v.ObjectSchema<{
    readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly dir: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly warnings: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], string>]>;
}, undefined>;
export type SandboxCreated = v.InferOutput<typeof SandboxCreated>;
export declare const SandboxView: v.ObjectSchema<{
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
/** GET /v1/sandboxes/:sandbox, and an array of these at /v1/sandboxes */
export type SandboxView = v.InferOutput<typeof SandboxView>;
export declare const SandboxConnect: v.ObjectSchema<{
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
export type SandboxConnect = v.InferOutput<typeof SandboxConnect>;
export declare const SandboxDisconnect: v.ObjectSchema<{
    readonly network: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
}, undefined>;
export declare const SandboxSignal: v.ObjectSchema<{
    readonly signal: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>;
}, undefined>;
export declare const SandboxRename: v.ObjectSchema<{
    readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
}, undefined>;
export declare const SandboxRemoveQuery: v.ObjectSchema<{
    readonly force: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>, undefined>;
}, undefined>;
export declare const SandboxWait: v.ObjectSchema<{
    readonly exitCode: v.ExactOptionalSchema<v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.IntegerAction<number, undefined>, v.DescriptionAction<number, string>]>, undefined>;
}, undefined>;
/** GET /v1/sandboxes/:sandbox/wait */
export type SandboxWait = v.InferOutput<typeof SandboxWait>;
