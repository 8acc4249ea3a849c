/** The API's routes for networks by name and for sandboxes. */
import type { Handlers } from "../api/routes.js";
import type { SandboxView } from "../api/sandbox-types.js";
import type { NetworkModel } from "../model/network-model.js";
import type { NetworkCatalog } from "./network-catalog.js";
import { inspectNetwork } from "./network-inspect.js";
import type { LiveSandbox } from "./registry.js";
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
    network: ({ params }) => inspectNetwork(catalog.find(params.network), model),
    removeNetwork: async ({ params }) => {
      await catalog.remove(params.network);
      return undefined;
    },
    pruneNetworks: async () => ({ deleted: await catalog.prune() }),
    sandboxes: () => sandboxes.all().map(view),
    createSandbox: ({ body }) => sandboxes.create(body),
    sandbox: ({ params }) => view(sandboxes.find(params.sandbox)),
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
