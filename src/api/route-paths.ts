/** Method and path of each route: all that a client must load. What goes over them is in `routes.ts`. */

interface RoutePath {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** A segment that starts with a colon is a parameter: `/v1/networks/:id`. */
  path: `/v1/${string}`;
}

export const PATHS = {
  info: { method: "GET", path: "/v1/info" },
  stats: { method: "GET", path: "/v1/stats" },
  flows: { method: "GET", path: "/v1/flows" },
  endFlows: { method: "DELETE", path: "/v1/flows" },
  fdb: { method: "GET", path: "/v1/fdb" },
  capture: { method: "GET", path: "/v1/capture" },
  targets: { method: "GET", path: "/v1/targets" },
  drainTargets: { method: "POST", path: "/v1/targets/drain" },
  resumeTargets: { method: "POST", path: "/v1/targets/resume" },
  networks: { method: "GET", path: "/v1/networks" },
  createNetwork: { method: "POST", path: "/v1/networks" },
  network: { method: "GET", path: "/v1/networks/:network" },
  removeNetwork: { method: "DELETE", path: "/v1/networks/:network" },
  pruneNetworks: { method: "POST", path: "/v1/networks/prune" },
  nodes: { method: "GET", path: "/v1/nodes" },
  removeNode: { method: "DELETE", path: "/v1/nodes/:node" },
  endpoints: { method: "GET", path: "/v1/endpoints" },
  sandboxes: { method: "GET", path: "/v1/sandboxes" },
  createSandbox: { method: "POST", path: "/v1/sandboxes" },
  sandbox: { method: "GET", path: "/v1/sandboxes/:sandbox" },
  inspectSandbox: { method: "GET", path: "/v1/sandboxes/:sandbox/inspect" },
  removeSandbox: { method: "DELETE", path: "/v1/sandboxes/:sandbox" },
  waitSandbox: { method: "GET", path: "/v1/sandboxes/:sandbox/wait" },
  signalSandbox: { method: "POST", path: "/v1/sandboxes/:sandbox/signal" },
  renameSandbox: { method: "POST", path: "/v1/sandboxes/:sandbox/rename" },
  connectSandbox: { method: "POST", path: "/v1/sandboxes/:sandbox/connect" },
  disconnectSandbox: { method: "POST", path: "/v1/sandboxes/:sandbox/disconnect" },
} as const satisfies Record<string, RoutePath>;
