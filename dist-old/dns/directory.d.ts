/** Which names there are in which network, and whose an address is: of all endpoints that somebody uses under a name, whatever front end that is. */
import type { NetworkModel } from "../model/network-model.js";
import type { NameScope } from "../sandbox/name-service.js";
import type { Overlays } from "../sandbox/overlays.js";
export declare class Directory {
    private readonly model;
    private readonly cluster?;
    private version;
    private networks;
    /** `cluster`: who is in networks on other nodes. */
    constructor(model: Pick<NetworkModel, "version" | "networks" | "endpoints">, cluster?: Pick<Overlays, "version" | "elsewhere"> | undefined);
    /** Addresses of a name, of both families, as who is in `scope` sees it; undefined: it is nobody's. `name`: lower case, no dot at the end. */
    addresses({ networks, links }: Pick<NameScope, "networks" | "links">, name: string): string[] | undefined;
    /** `name.network` of an address (as `formatIp` writes it) in one of the networks; undefined: it is nobody's. */
    pointer({ networks }: Pick<NameScope, "networks">, address: string): string | undefined;
    /** A thousand endpoints are put into order once a change, not once a question. */
    private refresh;
    private add;
}
