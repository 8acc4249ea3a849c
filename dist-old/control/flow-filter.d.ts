/** Which flows are meant: by who opened them, and by the port that they were opened to. */
import type { FlowRow } from "../engine/views.js";
import { type IpPrefix } from "../wire/ip-address.js";
export interface FlowFilter {
    /** Undefined: anybody. */
    client: IpPrefix | undefined;
    /** Undefined: any. */
    port: number | undefined;
}
/** From words as a user has typed them. Throws TSP_ERR_OPTION (invalid). */
export declare function parseFlowFilter({ client, port }: {
    client?: string | undefined;
    port?: string | undefined;
}): FlowFilter;
export declare function isMeant({ client, port }: FlowFilter, { original }: FlowRow): boolean;
/** Of one address, or a network; for what is neither the hint on what to write. */
export declare function parseClients(text: string): IpPrefix | string;
