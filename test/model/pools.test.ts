import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { choosePool, resolverObstacle, uniqueLocalPools } from "../../src/model/pools.js";
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

it("gives /64 networks of a unique local /48 that is one host's alone, and the same at each start (RFC 4193)", () => {
  const [pool] = uniqueLocalPools("host a");
  expect(pool).toEqual(uniqueLocalPools("host a")[0]);
  expect(pool!.base).toMatch(/^fd[0-9a-f]{2}:[0-9a-f]{4}:[0-9a-f]{4}::\/48$/);
  expect(uniqueLocalPools("host b")[0]).not.toEqual(pool);
  const taken = new Set<string>();
  const next = (): string => {
    const { subnet } = choosePool((each) => (taken.has(formatPrefix(each)) ? "taken" : null), [{ base: "fd12:3456:789a::/48", size: 64 }]);
    taken.add(formatPrefix(subnet!));
    return formatPrefix(subnet!);
  };
  expect([next(), next(), next()]).toEqual(["fd12:3456:789a::/64", "fd12:3456:789a:1::/64", "fd12:3456:789a:2::/64"]);
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
