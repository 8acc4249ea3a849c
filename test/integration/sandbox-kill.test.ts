/**
 * SIGKILL of the daemon at random points of a script of operations: the state is then that before or after the operation, and nothing is on the
 * host that no state knows. `npm run kills` is the long form; the seed that it prints repeats it.
 */
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ask } from "../../src/api/client.js";
import type { SandboxView } from "../../src/api/sandbox-types.js";
import { eventually, sleep } from "../support/proc.js";
import { Random } from "../support/random.js";
import { SandboxHost } from "../support/sandbox-host.js";

const OPERATIONS = Number(process.env.TSPROXY_KILL_OPERATIONS ?? 20);
const SEED = Number(process.env.TSPROXY_KILL_SEED ?? Date.now() % 1_000_000);
/** In one of so many operations the daemon is killed. */
const KILL_IN = 3;
/** After so many milliseconds of it, at most: most take less. */
const KILL_AFTER_MS = 25;
vi.setConfig({ testTimeout: 60_000 + OPERATIONS * 1_500 });

const NETWORKS = ["front", "back", "third"] as const;
/** None that could be the start of an id. */
const ATTACHED = ["left", "right"] as const;
const RUN = ["web", "sql", "job"] as const;
const SANDBOXES = [...ATTACHED, ...RUN];

/** What people know of it: networks by name, and of each sandbox its networks and whether its port is published. */
interface State {
  networks: string[];
  sandboxes: Record<string, { networks: string[]; published: boolean }>;
}

interface Operation {
  name: string;
  /** What it makes of a state; undefined: it is refused. */
  after(state: State): State | undefined;
  carryOut(): Promise<unknown>;
}

let h: SandboxHost;
const namespaceOf: Record<string, string> = {};
beforeAll(async () => {
  h = await SandboxHost.start();
  for (const name of ATTACHED) namespaceOf[name] = h.lab.addNamespace(name);
});
afterAll(() => h.close());

const portOf = (name: string): number => 8000 + SANDBOXES.indexOf(name as (typeof SANDBOXES)[number]);

/** A copy with a change. */
function changed(state: State, change: (copy: State) => void): State {
  const copy = structuredClone(state);
  change(copy);
  return copy;
}

function operation(random: Random): Operation {
  const network = random.pick(NETWORKS);
  const name = random.pick(SANDBOXES);
  const publish = [`${portOf(name)}:80`];
  const isIn = (state: State): boolean => state.sandboxes[name]?.networks.includes(network) ?? false;
  const isThere = (state: State): boolean => state.sandboxes[name] !== undefined;
  const joined = (state: State): State | undefined =>
    isThere(state) || !state.networks.includes(network)
      ? undefined
      : changed(state, (copy) => {
          copy.sandboxes[name] = { networks: [network], published: true };
        });
  const kinds: Record<string, Omit<Operation, "name">> = {
    create: {
      after: (state) => (state.networks.includes(network) ? undefined : changed(state, ({ networks }) => networks.push(network))),
      // One with both families, so that each may go its own way.
      carryOut: () => ask(h.apiSocket, "createNetwork", { body: { name: network, ipv6: network === "front" } }),
    },
    remove: {
      after: (state) =>
        state.networks.includes(network) && !Object.values(state.sandboxes).some(({ networks }) => networks.includes(network))
          ? changed(state, (copy) => {
              copy.networks = copy.networks.filter((each) => each !== network);
            })
          : undefined,
      carryOut: () => ask(h.apiSocket, "removeNetwork", { params: { network } }),
    },
    start: {
      after: joined,
      carryOut: () => {
        const netns = namespaceOf[name];
        if (netns === undefined) return h.ok("run", "-d", "--name", name, "--network", network, "-p", publish[0]!, "--", "sleep", "100000");
        return ask(h.apiSocket, "createSandbox", { body: { kind: "attached", netns, name, command: [], network, publish } });
      },
    },
    end: {
      after: (state) => (isThere(state) ? changed(state, ({ sandboxes }) => delete sandboxes[name]) : undefined),
      carryOut: () => ask(h.apiSocket, "removeSandbox", { params: { sandbox: name }, query: { force: "1" } }),
    },
    connect: {
      after: (state) =>
        !isThere(state) || isIn(state) || !state.networks.includes(network)
          ? undefined
          : changed(state, ({ sandboxes }) => {
              sandboxes[name]!.networks.push(network);
              sandboxes[name]!.published = true;
            }),
      carryOut: () => ask(h.apiSocket, "connectSandbox", { params: { sandbox: name }, body: { network } }),
    },
    disconnect: {
      after: (state) =>
        isIn(state)
          ? changed(state, ({ sandboxes }) => {
              const one = sandboxes[name]!;
              one.networks = one.networks.filter((each) => each !== network);
              one.published = one.networks.length > 0;
            })
          : undefined,
      carryOut: () => ask(h.apiSocket, "disconnectSandbox", { params: { sandbox: name }, body: { network } }),
    },
  };
  const kind = random.pick(Object.keys(kinds));
  return { name: `${kind} ${name} ${network}`, ...kinds[kind]! };
}

/** The order of things is none of the state's. */
function normal({ networks, sandboxes }: State): State {
  const entries = Object.entries(sandboxes).map(([name, one]) => [name, { ...one, networks: [...one.networks].sort() }] as const);
  return { networks: [...networks].sort(), sandboxes: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

async function stateNow(): Promise<State> {
  const [networks, sandboxes] = await Promise.all([ask(h.apiSocket, "networks"), h.sandboxes()]);
  return normal({
    networks: networks.map(({ name }) => name).filter((name) => NETWORKS.includes(name as (typeof NETWORKS)[number])),
    sandboxes: Object.fromEntries(
      sandboxes.map(({ name, state, endpoints, ports }) => {
        expect(state, name).not.toBe("exited");
        return [name, { networks: endpoints.map(({ networkName }) => networkName), published: ports.length > 0 }];
      }),
    ),
  });
}

/** Endpoints, devices, addresses, routes, ports, processes and folders are those of the sandboxes that there are. */
async function expectNothingElse(what: string): Promise<void> {
  const [endpoints, sandboxes] = await Promise.all([ask(h.apiSocket, "endpoints"), h.sandboxes()]);
  const known = sandboxes.flatMap((sandbox) => sandbox.endpoints.map(({ endpoint }) => endpoint));
  expect(endpoints.map(({ id }) => id).sort(), what).toEqual(known.sort());
  expect(h.lab.runSync(h.host, ["ip", "-o", "link"]), what).not.toMatch(/\btsp[0-9a-f]{11}\b/);
  for (const name of SANDBOXES)
    expectDevices(
      what,
      name,
      sandboxes.find((sandbox) => sandbox.name === name),
    );
  const held = [...h.lab.runSync(h.host, ["ss", "-Hltn"]).matchAll(/0\.0\.0\.0:(80\d\d) /g)].map(([, port]) => Number(port));
  const published = sandboxes.filter(({ ports }) => ports.length > 0).map(({ name }) => portOf(name));
  expect(held.sort(), what).toEqual(published.sort());
  const folder = path.join(h.lab.runDir, "sandboxes");
  expect(fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [], what).toEqual(sandboxes.map(({ id }) => id).sort());
  const inits = sandboxes.filter(({ kind }) => kind === "run").map(({ pid }) => pid);
  // One whose start was cut off ends by itself.
  await eventually(`${what}: no other process`, () => initsNow().every((pid) => inits.includes(pid)));
}

function expectDevices(what: string, name: string, sandbox: SandboxView | undefined): void {
  const enter = namespaceOf[name] === undefined ? ["nsenter", `--net=/proc/${sandbox?.pid}/ns/net`] : [];
  if (sandbox === undefined && enter.length > 0) return; // its namespace is gone
  const inside = (...command: string[]): string => h.lab.runSync(namespaceOf[name] ?? h.host, [...enter, ...command]);
  const own = sandbox?.endpoints ?? [];
  const shown = inside("ip", "-o", "addr", "show", "up", "scope", "global");
  const devices = [...shown.matchAll(/(eth\d+) +inet6? ([0-9a-f.:]+)/g)].map(([, device, address]) => `${device} ${address}`);
  const known = own.flatMap((e) => [e.address, e.ipv6Address ?? ""].flatMap((address) => (address === "" ? [] : `${e.device} ${address}`)));
  expect(devices.sort(), what).toEqual(known.sort());
  expect([...inside("ip", "-o", "link").matchAll(/\beth\d+/g)], what).toHaveLength(own.length);
  const route = (family: string): string | undefined => /^default via \S+ dev (\S+)/m.exec(inside("ip", family, "route"))?.[1];
  expect(route("-4"), what).toBe(own.find(({ gateway }) => gateway)?.device);
  expect(route("-6"), what).toBe(own.find(({ ipv6Gateway }) => ipv6Gateway)?.device);
}

/** Process ids of the inits that were started here. */
function initsNow(): number[] {
  return fs.readdirSync("/proc").flatMap((entry) => {
    try {
      const isInit = /^tsproxy-(init|sandbo)/.test(fs.readFileSync(`/proc/${entry}/comm`, "utf8"));
      return isInit && fs.readFileSync(`/proc/${entry}/environ`, "utf8").includes(`TSPROXY_RUN_DIR=${h.lab.runDir}\0`)
        ? [Number(entry)]
        : [];
    } catch {
      return []; // no process, or one that ended meanwhile
    }
  });
}

it(`leaves the state before or after each operation (${OPERATIONS} operations, seed ${SEED})`, async () => {
  const random = new Random(SEED);
  let state: State = { networks: [], sandboxes: {} };
  for (let i = 0; i < OPERATIONS; i++) {
    const { name, after, carryOut } = operation(random);
    const next = after(state);
    const what = `operation ${i} of seed ${SEED}: ${name}, on ${JSON.stringify(state)}`;
    const isKilled = random.below(KILL_IN) === 0;
    const delay = random.next() * KILL_AFTER_MS;
    const done = carryOut().then(
      () => true,
      () => false,
    );
    if (!isKilled) {
      expect(await done, what).toBe(next !== undefined);
      state = normal(next ?? state);
      expect(await stateNow(), what).toEqual(state);
      continue;
    }
    await sleep(delay);
    h.daemon.signal("SIGKILL");
    const [isDone] = await Promise.all([done, h.daemon.exited]);
    await h.startDaemon();
    // A program whose start was told of goes on; one whose start was cut off ends, which the daemon notices.
    const possible = [state, next ?? state].map(normal).filter((_, which) => !isDone || which === 1);
    const found = await eventually(`${what}: before or after`, async () => {
      const now = await stateNow().catch(() => undefined);
      return now !== undefined && possible.some((each) => JSON.stringify(each) === JSON.stringify(now)) ? now : undefined;
    }).catch(() => stateNow());
    expect(possible, `${what}, killed after ${delay.toFixed(1)} ms`).toContainEqual(found);
    state = found;
    await expectNothingElse(what);
  }
  await expectNothingElse("at the end");
});
