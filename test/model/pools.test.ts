import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { choosePool, resolverObstacle } from "../../src/model/pools.js";
import { formatPrefix, prefixesOverlap } from "../../src/wire/ip-address.js";
import { prefix } from "../support/ip.js";

/** Every pool, in order. */
function all(): string[] {
  const given: string[] = [];
  choosePool((pool) => {
    given.push(formatPrefix(pool));
    return "taken";
  });
  return given;
}

it("gives Docker's pools in Docker's order: fifteen of /16, then sixteen of /20", () => {
  const pools = all();
  expect(pools.slice(0, 4)).toEqual(["172.17.0.0/16", "172.18.0.0/16", "172.19.0.0/16", "172.20.0.0/16"]);
  expect(pools.slice(13, 17)).toEqual(["172.30.0.0/16", "172.31.0.0/16", "192.168.0.0/20", "192.168.16.0/20"]);
  expect(pools.at(-1)).toBe("192.168.240.0/20");
  expect(pools).toHaveLength(31);
});

it("passes over what is taken and says why, and has none when all are", () => {
  const lan = prefix("172.16.0.0/12");
  const { subnet: chosen, skipped } = choosePool((pool) => (prefixesOverlap(lan, pool) ? "route 172.16.0.0/12" : null));
  expect(formatPrefix(chosen!)).toBe("192.168.0.0/20");
  expect(skipped[0]).toBe("172.17.0.0/16: route 172.16.0.0/12");
  expect(skipped).toHaveLength(15);
  expect(choosePool(() => "taken").subnet).toBeUndefined();
});

it("a pool with the host's name server in it is taken", () => {
  const dir = mkdtempSync(path.join(tmpdir(), "tsp-resolv-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = path.join(dir, "resolv.conf");
  writeFileSync(file, "# nameserver 172.17.0.9\nsearch lan\nnameserver 172.18.0.53\nnameserver fe80::1%eth0\n");
  const obstacle = resolverObstacle(file);
  expect(obstacle(prefix("172.17.0.0/16"))).toBeNull();
  expect(obstacle(prefix("172.18.0.0/16"))).toBe(`name server 172.18.0.53 of ${file}`);
  expect(resolverObstacle(path.join(dir, "none"))(prefix("172.18.0.0/16"))).toBeNull();
});
