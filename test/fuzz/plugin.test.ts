/**
 * Hostile plugin messages: any JSON, and valid messages with a part exchanged. The driver answers or refuses with a TsproxyError, never with a fault of
 * its own; what it refuses changes nothing; and afterwards it still does its work.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { networkDriver } from "../../src/docker/network-driver.js";
import { TsproxyError } from "../../src/errors.js";
import { CREATE_ENDPOINT, CREATE_NETWORK, DriverFixture, ID, JOIN, portMap } from "../docker/driver-fixture.js";

const VALID: [string, object][] = [
  ["CreateNetwork", CREATE_NETWORK],
  ["CreateEndpoint", { ...CREATE_ENDPOINT, Options: portMap({ Port: 80, HostPort: 8080, HostPortEnd: 8080 }) }],
  ["Join", JOIN],
  ["ProgramExternalConnectivity", { ...ID, Options: portMap({ Port: 80, HostPort: 8080, HostPortEnd: 8080 }) }],
  ["RevokeExternalConnectivity", ID],
  ["EndpointOperInfo", ID],
  ["Leave", ID],
  ["DeleteEndpoint", ID],
  ["DeleteNetwork", { NetworkID: CREATE_NETWORK.NetworkID }],
  ["GetCapabilities", {}],
  ["DiscoverNew", {}],
];
const NAMES = VALID.map(([name]) => name);
const TEXTS = [
  "",
  "/",
  "::",
  "fd00::/64",
  "0.0.0.0/0",
  "127.0.0.0/8",
  "224.0.0.0/4",
  "999.1.1.1/8",
  "172.18.0.1/16",
  "__proto__",
  "../../etc",
  "\u0000",
  "x".repeat(5000),
];

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(...TEXTS, null, -1, 0, 65_536, 1e300, true, [], {}, [null], [[]]),
);

/** Paths to everything inside. */
function paths(of: unknown, at: string[] = []): string[][] {
  if (typeof of !== "object" || of === null) return [at];
  return [at, ...Object.entries(of).flatMap(([k, v]) => paths(v, [...at, k]))];
}

function exchanged(body: unknown, path: string[], by: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return by;
  const copy = (Array.isArray(body) ? [...body] : { ...(body as object) }) as Record<string, unknown>;
  copy[first] = exchanged(copy[first], rest, by);
  return copy;
}

const changed = fc
  .constantFrom(...VALID)
  .chain(([name, body]) =>
    fc
      .tuple(fc.constant(name), fc.constantFrom(...paths(body)), value)
      .map(([n, path, by]): [string, unknown] => [n, exchanged(body, path, by)]),
  );
const call = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<[string, unknown]>(...VALID) },
  { weight: 3, arbitrary: changed },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...NAMES), value) },
);

it("refuses what is wrong by name, changes nothing by it, and goes on", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 25 }), async (calls) => {
      const { state } = await DriverFixture.start();
      const driver = networkDriver(state.model);
      for (const [name, body] of calls) {
        const before = await state.picture();
        try {
          const answer = await driver[`NetworkDriver.${name}`]!(body);
          expect(typeof answer).toBe("object");
        } catch (error) {
          if (!(error instanceof TsproxyError)) throw error;
          expect(error.kind).not.toBe("internal");
          expect(error.describe().length).toBeLessThan(400);
          expect(await state.picture()).toEqual(before);
        }
      }
      // Whatever is there now can be taken away, and the usual can be done.
      for (const endpoint of state.endpointViews())
        await driver["NetworkDriver.DeleteEndpoint"]!({ NetworkID: endpoint.network, EndpointID: endpoint.id });
      for (const network of state.networkViews()) await driver["NetworkDriver.DeleteNetwork"]!({ NetworkID: network.id });
      expect(await state.picture()).toMatchObject({ views: [[], []], plane: [[], [], []] });
      for (const [name, body] of VALID) await driver[`NetworkDriver.${name}`]!(body);
    }),
    { numRuns: 100 },
  );
});
