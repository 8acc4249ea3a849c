/** The API's routes for networks by name. */
import type { Handlers } from "../api/routes.js";
import type { NetworkModel } from "../model/network-model.js";
import type { NetworkCatalog } from "./network-catalog.js";
import { inspectNetwork } from "./network-inspect.js";

export function sandboxHandlers(catalog: NetworkCatalog, model: NetworkModel): Handlers {
  return {
    networks: () => catalog.list(),
    createNetwork: ({ body }) => catalog.create(body),
    network: ({ params }) => inspectNetwork(catalog.find(params.network), model),
    removeNetwork: async ({ params }) => {
      await catalog.remove(params.network);
      return undefined;
    },
    pruneNetworks: async () => ({ deleted: await catalog.prune() }),
  };
}
