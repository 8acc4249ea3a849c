import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { choosePool, overlaps, resolverObstacle } from "../../src/model/pools.js";
import { formatCidr, parseCidr } from "../../src/wire/ipv4-address.js";

const cidr = (text: string) => parseCidr(text)!;

/** Every pool, in order. */
function all(): string[] {
  const given: string[] = [];
  choosePool((pool) => {
    given.push(formatCidr(pool));
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
  const lan = cidr("172.16.0.0/12");
  const { cidr: chosen, skipped } = choosePool((pool) => (overlaps(lan, pool) ? "route 172.16.0.0/12" : null));
  expect(formatCidr(chosen!)).toBe("192.168.0.0/20");
  expect(skipped[0]).toBe("172.17.0.0/16: route 172.16.0.0/12");
  expect(skipped).toHaveLength(15);
  expect(choosePool(() => "taken").cidr).toBeUndefined();
});

it.each([
  ["10.0.0.0/8", "10.1.0.0/16", true],
  ["10.1.0.0/16", "10.0.0.0/8", true],
  ["10.1.0.0/16", "10.2.0.0/16", false],
  ["0.0.0.0/0", "172.17.0.0/16", true],
])("%s and %s overlap: %s", (a, b, expected) => {
  expect(overlaps(cidr(a), cidr(b))).toBe(expected);
});

it("a pool with the host's name server in it is taken", () => {
  const dir = mkdtempSync(path.join(tmpdir(), "tsp-resolv-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = path.join(dir, "resolv.conf");
  writeFileSync(file, "# nameserver 172.17.0.9\nsearch lan\nnameserver 172.18.0.53\nnameserver fe80::1%eth0\n");
  const obstacle = resolverObstacle(file);
  expect(obstacle(cidr("172.17.0.0/16"))).toBeNull();
  expect(obstacle(cidr("172.18.0.0/16"))).toBe(`name server 172.18.0.53 of ${file}`);
  expect(resolverObstacle(path.join(dir, "none"))(cidr("172.18.0.0/16"))).toBeNull();
});
