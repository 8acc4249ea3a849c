export interface EtcdEndpoint {
    readonly host: string;
    readonly port: number;
}
export interface EtcdTls {
    /** PEM. Undefined: the system's authorities. */
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
}
export interface EtcdOptions {
    readonly endpoints: readonly EtcdEndpoint[];
    readonly tls: EtcdTls | undefined;
    readonly user: {
        readonly name: string;
        readonly password: string;
    } | undefined;
}
/** As they were typed. */
export interface RawStore {
    store: string;
    storeCa?: string | undefined;
    storeCert?: string | undefined;
    storeKey?: string | undefined;
    storeUser?: string | undefined;
    storePasswordFile?: string | undefined;
}
/** Throws TSP_ERR_OPTION. */
export declare function parseStore(raw: RawStore): {
    etcd: EtcdOptions;
    cluster: string;
};
