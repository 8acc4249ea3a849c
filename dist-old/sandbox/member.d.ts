/** A sandbox's place in one network. */
import type { LiveEndpoint, LiveNetwork } from "../model/live.js";
import type { Attachment } from "./records.js";
export interface Member {
    attachment: Attachment;
    network: LiveNetwork;
    endpoint: LiveEndpoint;
}
