import type { EtcdOptions } from "../cluster/etcd-options.js";
import { EtcdStore } from "../cluster/etcd-store.js";
import type { NodeRecord } from "../cluster/records.js";
import type { Host } from "../control/host.js";
export interface ClusterSettings {
    etcd: EtcdOptions;
    cluster: string;
    /** Default: the host's name. */
    node: string | undefined;
    /** An address of the host, or a device; default: the device of the default route. */
    advertise: string | undefined;
    /** How long the others wait for a silent node. */
    ttlSec: number;
}
/** Throws TSP_ERR_OPTION, TSP_ERR_HOST_ADDRESS. */
export declare function thisNode({ node, advertise }: ClusterSettings, host: Host, stateDir: string): NodeRecord;
/** Throws TSP_ERR_STORE for a store that refuses; one that is not reached may come later. */
export declare function connectStore({ etcd }: ClusterSettings): Promise<EtcdStore>;
/** In words, for the log. */
export declare function nodeText({ name, tunnel }: NodeRecord): string;
