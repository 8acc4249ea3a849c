/** SIGKILL of the daemon in the middle of operations: afterwards each is done or undone, and nothing is there that no record knows. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { ask } from "../../src/api/client.js";
import { sleep } from "../support/proc.js";
import { Random } from "../support/random.js";
import { SandboxHost } from "../support/sandbox-host.js";

/** More for who looks for rare ones. */
const ROUNDS = Number(process.env.TSPROXY_KILL_ROUNDS ?? 6);
const SEED = Number(process.env.TSPROXY_KILL_SEED ?? Date.now() % 1_000_000);

let h: SandboxHost;
const namespaces: string[] = [];
beforeAll(async () => {
  h = await SandboxHost.start();
  for (const role of ["a", "b", "c"]) namespaces.push(h.lab.addNamespace(role));
});
afterAll(() => h.close());

/** Everything agrees: endpoints with sandboxes, sandboxes with the devices, addresses and routes in their namespaces. */
async function check(what: string): Promise<void> {
  const [endpoints, sandboxes] = await Promise.all([ask(h.apiSocket, "endpoints"), h.sandboxes()]);
  const known = sandboxes.flatMap((sandbox) => sandbox.endpoints.map(({ endpoint }) => endpoint));
  expect(endpoints.map(({ id }) => id).sort(), what).toEqual(known.sort());
  expect(h.lab.runSync(h.host, ["ip", "-o", "link"]), what).not.toMatch(/\btsp[0-9a-f]{11}\b/);
  for (const ns of namespaces) {
    const { endpoints: own } = sandboxes.find(({ netns }) => netns.endsWith(`/${ns}`)) ?? { endpoints: [] };
    const shown = h.lab.runSync(ns, ["ip", "-o", "addr", "show", "up", "scope", "global"]);
    const devices = [...shown.matchAll(/(eth\d+) +inet6? ([0-9a-f.:]+)/g)].map(([, name, address]) => `${name} ${address}`);
    const known = own.flatMap((e) =>
      [e.address, e.ipv6Address ?? ""].flatMap((address) => (address === "" ? [] : `${e.device} ${address}`)),
    );
    expect(devices.sort(), what).toEqual(known.sort());
    const route = (family: string): string | undefined =>
      /^default via \S+ dev (\S+)/m.exec(h.lab.runSync(ns, ["ip", family, "route"]))?.[1];
    expect(route("-4"), what).toBe(own.find(({ gateway }) => gateway)?.device);
    expect(route("-6"), what).toBe(own.find(({ ipv6Gateway }) => ipv6Gateway)?.device);
  }
}

it(`is done or undone (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)]!;
  await ask(h.apiSocket, "createNetwork", { body: { name: "front", ipv6: true } }); // so each family may go its own way
  await ask(h.apiSocket, "createNetwork", { body: { name: "back" } });
  const operations: Record<string, () => Promise<unknown>> = {
    attach: () => {
      const ns = pick(namespaces);
      const publish = [`${8000 + namespaces.indexOf(ns)}:80`];
      const body = { kind: "attached" as const, netns: ns, name: ns, command: [], network: pick(["front", "back"]), publish };
      return ask(h.apiSocket, "createSandbox", { body });
    },
    detach: () => ask(h.apiSocket, "removeSandbox", { params: { sandbox: pick(namespaces) }, query: {} }),
    connect: () =>
      ask(h.apiSocket, "connectSandbox", { params: { sandbox: pick(namespaces) }, body: { network: pick(["front", "back"]) } }),
    disconnect: () =>
      ask(h.apiSocket, "disconnectSandbox", { params: { sandbox: pick(namespaces) }, body: { network: pick(["front", "back"]) } }),
    create: () => ask(h.apiSocket, "createNetwork", { body: { name: "third" } }),
    remove: () => ask(h.apiSocket, "removeNetwork", { params: { network: "third" } }),
  };
  for (let round = 0; round < ROUNDS; round++) {
    const names: string[] = [];
    let going = true;
    const script = (async () => {
      while (going) {
        const name = pick(Object.keys(operations));
        names.push(name);
        await operations[name]!().catch(() => {}); // refused, or cut off
      }
    })();
    await sleep(20 + random.below(300));
    h.daemon.signal("SIGKILL");
    going = false;
    await Promise.all([script, h.daemon.exited]);
    await h.startDaemon();
    await check(`round ${round} of seed ${SEED}, after ${names.slice(-3).join(", ")}`);
  }
});
