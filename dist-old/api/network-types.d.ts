/** What the API says of networks by name, and what it takes: JSON in the shape that Docker's API has, where Docker has the thing. */
import * as v from "valibot";
export declare const NetworkCreate: v.ObjectSchema<{
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
/** POST /v1/networks */
export type NetworkCreate = v.InferOutput<typeof NetworkCreate>;
export declare const NetworkCreated: v.ObjectSchema<{
    readonly id: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly warnings: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], "Such as pools that were passed over, and why.">]>;
}, undefined>;
export type NetworkCreated = v.InferOutput<typeof NetworkCreated>;
/** As `docker network inspect` prints it. */
export declare const NetworkInspect: v.ObjectSchema<{
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
/** GET /v1/networks/:network */
export type NetworkInspect = v.InferOutput<typeof NetworkInspect>;
export declare const NodeView: v.ObjectSchema<{
    readonly name: v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]>;
    readonly addresses: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], "Where the others send what is for its endpoints.">]>;
    readonly there: v.SchemaWithPipe<readonly [v.BooleanSchema<undefined>, v.DescriptionAction<boolean, string>]>;
    readonly endpoints: v.SchemaWithPipe<readonly [v.NumberSchema<undefined>, v.DescriptionAction<number, "That have addresses there.">]>;
}, undefined>;
/** GET /v1/nodes: an array of these. */
export type NodeView = v.InferOutput<typeof NodeView>;
export declare const NetworkPruned: v.ObjectSchema<{
    readonly deleted: v.SchemaWithPipe<readonly [v.ArraySchema<v.StringSchema<undefined>, undefined>, v.DescriptionAction<string[], "Their names.">]>;
}, undefined>;
/** POST /v1/networks/prune */
export type NetworkPruned = v.InferOutput<typeof NetworkPruned>;
