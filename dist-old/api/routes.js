/**
 * The routes of the API: method, path, what a request carries and what is answered. Server, client and docs/api.md are all made from this table,
 * so a route is added here, in `route-paths.ts`, and in the handlers of whoever serves it.
 */
import * as v from "valibot";
import { NetworkCreate, NetworkCreated, NetworkInspect, NetworkPruned, NodeView } from "./network-types.js";
import { PATHS } from "./route-paths.js";
import { SandboxInspect } from "./sandbox-inspect-types.js";
import { SandboxConnect, SandboxCreate, SandboxCreated, SandboxDisconnect, SandboxRemoveQuery, SandboxRename, SandboxSignal, SandboxView, SandboxWait, } from "./sandbox-types.js";
import { EndedView, EndpointView, FdbView, FlowQuery, FlowView, InfoView, NetworkView, StatsView, TargetDrain, TargetResume, TargetsChanged, TargetView, } from "./types.js";
export const ROUTES = {
    info: { ...PATHS.info, summary: "What runs here, and what it serves where.", answer: InfoView },
    stats: { ...PATHS.stats, summary: "Published ports, and the counters of everything.", answer: StatsView },
    flows: { ...PATHS.flows, summary: "Connections, with both sides of their translation.", query: FlowQuery, answer: v.array(FlowView) },
    endFlows: {
        ...PATHS.endFlows,
        summary: "Ends connections. What comes of them afterwards the host's firewall sees as new.",
        query: FlowQuery,
        answer: EndedView,
    },
    fdb: { ...PATHS.fdb, summary: "Which MAC address is behind which port.", answer: v.array(FdbView) },
    targets: { ...PATHS.targets, summary: "Targets of published ports that may have several.", answer: v.array(TargetView) },
    drainTargets: {
        ...PATHS.drainTargets,
        summary: "Gives a target no new connections; after a time it ends those that it has.",
        body: TargetDrain,
        answer: TargetsChanged,
    },
    resumeTargets: { ...PATHS.resumeTargets, summary: "Gives it new connections again.", body: TargetResume, answer: TargetsChanged },
    networks: {
        ...PATHS.networks,
        summary: "All networks, Docker's of driver tsproxy too. A daemon only, as all that follows.",
        answer: v.array(NetworkView),
    },
    createNetwork: { ...PATHS.createNetwork, summary: "Makes a network.", body: NetworkCreate, answer: NetworkCreated },
    network: { ...PATHS.network, summary: "One network, by name, id or the start of an id.", answer: NetworkInspect },
    removeNetwork: { ...PATHS.removeNetwork, summary: "Removes a network that nothing is in." },
    pruneNetworks: {
        ...PATHS.pruneNetworks,
        summary: "Removes all networks that nothing is in; `bridge` and Docker's stay.",
        answer: NetworkPruned,
    },
    nodes: { ...PATHS.nodes, summary: "The nodes of the cluster.", answer: v.array(NodeView) },
    removeNode: { ...PATHS.removeNode, summary: "Gives back the addresses of a node that is gone for good." },
    endpoints: { ...PATHS.endpoints, summary: "The endpoints in networks.", answer: v.array(EndpointView) },
    sandboxes: {
        ...PATHS.sandboxes,
        summary: "All sandboxes, also those that have ended and were not removed.",
        answer: v.array(SandboxView),
    },
    createSandbox: {
        ...PATHS.createSandbox,
        summary: "Gives a namespace its networks. `tsproxy run` and `tsproxy attach` do it.",
        body: SandboxCreate,
        answer: SandboxCreated,
    },
    sandbox: { ...PATHS.sandbox, summary: "One sandbox, by name, id or the start of an id.", answer: SandboxView },
    inspectSandbox: { ...PATHS.inspectSandbox, summary: "The same in the shape that Docker has for containers.", answer: SandboxInspect },
    removeSandbox: {
        ...PATHS.removeSandbox,
        summary: "Forgets a sandbox that has ended, or detaches one that was attached.",
        query: SandboxRemoveQuery,
    },
    waitSandbox: { ...PATHS.waitSandbox, summary: "Answers when it has ended, or after three seconds.", answer: SandboxWait },
    signalSandbox: { ...PATHS.signalSandbox, summary: "Sends its program a signal; SIGKILL ends all that runs in it.", body: SandboxSignal },
    renameSandbox: { ...PATHS.renameSandbox, summary: "Gives it another name, in its networks too.", body: SandboxRename },
    connectSandbox: { ...PATHS.connectSandbox, summary: "Puts it into another network.", body: SandboxConnect },
    disconnectSandbox: { ...PATHS.disconnectSandbox, summary: "Takes it out of a network.", body: SandboxDisconnect },
};
//# sourceMappingURL=routes.js.map