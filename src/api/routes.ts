/**
 * The routes of the API: method, path, what a request carries and what is answered. Server, client and docs/api.md are all made from this table,
 * so a route is added here, in `route-paths.ts`, and in the handlers of whoever serves it.
 */
import * as v from "valibot";
import { CaptureQuery } from "./capture-types.js";
import type { StreamAnswer } from "./http-server.js";
import { NetworkCreate, NetworkCreated, NetworkInspect, NetworkPruned, NodeView } from "./network-types.js";
import { PATHS } from "./route-paths.js";
import { SandboxInspect } from "./sandbox-inspect-types.js";
import {
  SandboxConnect,
  SandboxCreate,
  SandboxCreated,
  SandboxDisconnect,
  SandboxRemoveQuery,
  SandboxRename,
  SandboxSignal,
  SandboxView,
  SandboxWait,
} from "./sandbox-types.js";
import {
  EndedView,
  EndFlowsQuery,
  EndpointView,
  FdbView,
  FlowQuery,
  FlowView,
  InfoView,
  NetworkView,
  StatsView,
  TargetDrain,
  TargetResume,
  TargetsChanged,
  TargetView,
} from "./types.js";

type Schema = v.GenericSchema;

export interface Route {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** A segment that starts with a colon is a parameter: `/v1/networks/:id`. */
  path: `/v1/${string}`;
  /** One sentence for docs/api.md. */
  summary: string;
  /** What is after the question mark: strings by name. */
  query?: Schema;
  /** The JSON that is sent. */
  body?: Schema;
  /** The JSON that is answered; without it none is, with status 204. */
  answer?: Schema;
  /** Instead, the answer goes on until either side ends it; its content type says what it is. */
  streams?: true;
}

export const ROUTES = {
  info: { ...PATHS.info, summary: "What runs here, and what it serves where.", answer: InfoView },
  stats: { ...PATHS.stats, summary: "Published ports, and the counters of everything.", answer: StatsView },
  flows: { ...PATHS.flows, summary: "Connections, with both sides of their translation.", query: FlowQuery, answer: v.array(FlowView) },
  endFlows: {
    ...PATHS.endFlows,
    summary: "Ends connections. What comes of them afterwards the host's firewall sees as new.",
    query: EndFlowsQuery,
    answer: EndedView,
  },
  fdb: { ...PATHS.fdb, summary: "Which MAC address is behind which port.", answer: v.array(FdbView) },
  capture: {
    ...PATHS.capture,
    summary:
      "Captures packets until the connection is closed, as a pcapng file or, in format `json`, as an object a line: `time`, `device`, `outDevice`, `proto`, `src`, `dst`, `newSrc`, `newDst`, `info`, `length`, `verdict`, `reason`, `lost`. If packets were lost after the last one, a line with `lost` alone follows.",
    query: CaptureQuery,
    streams: true,
  },
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
} as const satisfies Record<string, Route>;

/** Names of the parameters in a path. */
type ParameterOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParameterOf<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;
type OutputOf<R, Part extends string> = R extends { [P in Part]: infer S extends Schema } ? v.InferOutput<S> : undefined;
type InputOf<R, Part extends string> = R extends { [P in Part]: infer S extends Schema } ? { [P in Part]: v.InferInput<S> } : unknown;

export type AnswerOf<R> = R extends { streams: true } ? StreamAnswer : OutputOf<R, "answer">;
/** What a handler gets: everything checked. */
export interface Checked<R extends Route> {
  params: Record<ParameterOf<R["path"]>, string>;
  query: OutputOf<R, "query">;
  body: OutputOf<R, "body">;
}
/** What a caller gives; only what the route takes. */
export type Given<R extends Route> = ([ParameterOf<R["path"]>] extends [never]
  ? unknown
  : { params: Record<ParameterOf<R["path"]>, string> }) &
  InputOf<R, "query"> &
  InputOf<R, "body">;

export type Routes = Readonly<Record<string, Route>>;
/** Who serves a route and how; routes that are left out are not found. */
export type Handlers<R extends Routes = typeof ROUTES> = {
  [Name in keyof R]?: (request: Checked<R[Name]>) => AnswerOf<R[Name]> | Promise<AnswerOf<R[Name]>>;
};
