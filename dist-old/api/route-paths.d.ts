/** Method and path of each route: all that a client must load. What goes over them is in `routes.ts`. */
export declare const PATHS: {
    readonly info: {
        readonly method: "GET";
        readonly path: "/v1/info";
    };
    readonly stats: {
        readonly method: "GET";
        readonly path: "/v1/stats";
    };
    readonly flows: {
        readonly method: "GET";
        readonly path: "/v1/flows";
    };
    readonly endFlows: {
        readonly method: "DELETE";
        readonly path: "/v1/flows";
    };
    readonly fdb: {
        readonly method: "GET";
        readonly path: "/v1/fdb";
    };
    readonly targets: {
        readonly method: "GET";
        readonly path: "/v1/targets";
    };
    readonly drainTargets: {
        readonly method: "POST";
        readonly path: "/v1/targets/drain";
    };
    readonly resumeTargets: {
        readonly method: "POST";
        readonly path: "/v1/targets/resume";
    };
    readonly networks: {
        readonly method: "GET";
        readonly path: "/v1/networks";
    };
    readonly createNetwork: {
        readonly method: "POST";
        readonly path: "/v1/networks";
    };
    readonly network: {
        readonly method: "GET";
        readonly path: "/v1/networks/:network";
    };
    readonly removeNetwork: {
        readonly method: "DELETE";
        readonly path: "/v1/networks/:network";
    };
    readonly pruneNetworks: {
        readonly method: "POST";
        readonly path: "/v1/networks/prune";
    };
    readonly nodes: {
        readonly method: "GET";
        readonly path: "/v1/nodes";
    };
    readonly removeNode: {
        readonly method: "DELETE";
        readonly path: "/v1/nodes/:node";
    };
    readonly endpoints: {
        readonly method: "GET";
        readonly path: "/v1/endpoints";
    };
    readonly sandboxes: {
        readonly method: "GET";
        readonly path: "/v1/sandboxes";
    };
    readonly createSandbox: {
        readonly method: "POST";
        readonly path: "/v1/sandboxes";
    };
    readonly sandbox: {
        readonly method: "GET";
        readonly path: "/v1/sandboxes/:sandbox";
    };
    readonly inspectSandbox: {
        readonly method: "GET";
        readonly path: "/v1/sandboxes/:sandbox/inspect";
    };
    readonly removeSandbox: {
        readonly method: "DELETE";
        readonly path: "/v1/sandboxes/:sandbox";
    };
    readonly waitSandbox: {
        readonly method: "GET";
        readonly path: "/v1/sandboxes/:sandbox/wait";
    };
    readonly signalSandbox: {
        readonly method: "POST";
        readonly path: "/v1/sandboxes/:sandbox/signal";
    };
    readonly renameSandbox: {
        readonly method: "POST";
        readonly path: "/v1/sandboxes/:sandbox/rename";
    };
    readonly connectSandbox: {
        readonly method: "POST";
        readonly path: "/v1/sandboxes/:sandbox/connect";
    };
    readonly disconnectSandbox: {
        readonly method: "POST";
        readonly path: "/v1/sandboxes/:sandbox/disconnect";
    };
};
