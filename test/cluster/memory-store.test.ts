import { describe, expect, it } from "vitest";
import { MemoryCluster } from "../../src/cluster/memory-store.js";
import { storeContract } from "./store.contract.js";

describe("the store in memory", () => {
  const cluster = new MemoryCluster();
  storeContract(() => ({
    connect: () => cluster.connect(),
    compact: async () => cluster.compact(),
    advance: async (seconds) => cluster.advance(seconds),
    minTtlSec: 2,
  }));

  it("fails a client that is cut off, and no other", async () => {
    const [one, other] = [cluster.connect(), cluster.connect()];
    one.unreachable = true;
    await expect(one.list("/")).rejects.toMatchObject({ code: "TSP_ERR_STORE", kind: "unavailable" });
    await other.list("/");
  });
});
