/** A sandbox in the shape in which Docker's API has a container, as far as networks go, so that scripts carry over. */
import * as v from "valibot";
/** As `docker inspect` prints it. */
export declare const SandboxInspect: v.ObjectSchema<{
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
/** GET /v1/sandboxes/:sandbox/inspect */
export type SandboxInspect = v.InferOutput<typeof SandboxInspect>;
