/** The API's routes for networks by name and for sandboxes. */

import type { NodeView } from "../api/network-types.js";
import type { Handlers } from "../api/routes.js";
import type { SandboxView } from "../api/sandbox-types.js";
import type { NodeView as ClusterNode } from "../cluster/cluster.js";
import type { NetworkModel } from "../model/network-model.js";
import { shortId } from "../model/records.js";
import { formatIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import type { NetworkCatalog } from "./network-catalog.js";
import { inspectNetwork } from "./network-inspect.js";
import { networkError } from "./network-request.js";
import type { Overlays } from "./overlays.js";
import type { LiveSandbox } from "./registry.js";
import { inspectSandbox } from "./sandbox-inspect.js";
import { sandboxView } from "./sandbox-view.js";
import type { Sandboxes } from "./sandboxes.js";

/** A client is answered before it could think that nobody is there (`api/client.ts`). */
const WAIT_MS = 3000;

export function sandboxHandlers(catalog: NetworkCatalog, model: NetworkModel, sandboxes: Sandboxes): Handlers {
  const view = ({ record }: LiveSandbox): SandboxView =>
    sandboxView(record, sandboxes.members(record), sandboxes.dirOf(record.id), sandboxes.namedMappings(record));
  return {
    networks: () => catalog.list(),
    createNetwork: ({ body }) => catalog.create(body),
    network: ({ params }) => {
      const found = catalog.find(params.network);
      const { overlays } = catalog;
      const reached = overlays && {
        hasTunnelTo: overlays.hasTunnelTo.bind(overlays),
        isDisplaced: overlays.cluster.isDisplaced.bind(overlays.cluster),
      };
      return inspectNetwork(found, model, overlays?.elsewhere(found.id), (node) => overlays?.isKeyKnown(node) ?? true, reached);
    },
    nodes: async () => (await overlaysOf(catalog).cluster.nodes()).map(nodeView),
    removeNode: async ({ params }) => {
      await overlaysOf(catalog).cluster.removeNode(params.node);
      return undefined;
    },
    removeNetwork: async ({ params }) => {
      await catalog.remove(params.network);
      return undefined;
    },
    pruneNetworks: async () => ({ deleted: await catalog.prune() }),
    sandboxes: () => sandboxes.all().map(view),
    createSandbox: ({ body }) => sandboxes.create(body),
    sandbox: ({ params }) => view(sandboxes.find(params.sandbox)),
    inspectSandbox: ({ params }) => {
      const { record } = sandboxes.find(params.sandbox);
      const nameOf = (id: string): string => sandboxes.all().find((live) => live.record.id === id)?.record.name ?? shortId(id);
      return inspectSandbox(record, sandboxes.members(record), sandboxes.dirOf(record.id), nameOf);
    },
    removeSandbox: async ({ params, query }) => {
      await sandboxes.remove(params.sandbox, query.force === "1");
      return undefined;
    },
    waitSandbox: async ({ params }) => {
      const exitCode = await sandboxes.wait(params.sandbox, WAIT_MS);
      return exitCode === undefined ? {} : { exitCode };
    },
    signalSandbox: ({ params, body }) => {
      sandboxes.signal(params.sandbox, body.signal);
      return undefined;
    },
    renameSandbox: async ({ params, body }) => {
      await sandboxes.rename(params.sandbox, body.name);
      return undefined;
    },
    connectSandbox: async ({ params, body }) => {
      await sandboxes.connect(params.sandbox, body);
      return undefined;
    },
    disconnectSandbox: async ({ params, body }) => {
      await sandboxes.disconnect(params.sandbox, body.network);
      return undefined;
    },
  };
}

function overlaysOf({ overlays }: NetworkCatalog): Overlays {
  if (overlays !== undefined) return overlays;
  throw networkError("unavailable", "the daemon has no store, so it is in no cluster", "start it with --store etcd://HOST:2379");
}

function nodeView({ name, tunnel, endpoints, encrypts }: ClusterNode): NodeView {
  return { name, addresses: eachFamily(tunnel ?? {}).map(formatIp), there: tunnel !== undefined, endpoints, encrypts };
}
