/** Who reaches whom behind the kernel's macvlan, and behind ours in the same mode on the same device: docs/networks.md has the differences as a table. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { CLIENT, HOST, SandboxHost } from "../support/sandbox-host.js";

/** On each: addresses of two endpoints. */
const [A, B] = ["192.0.2.128", "192.0.2.129"];

let h: SandboxHost;
let switched: string;
let cases = 0;
beforeAll(async () => {
  h = await SandboxHost.start();
  // A switch between the host and the client, whose port to the host may send back.
  switched = h.lab.addNamespace("switch");
  h.lab.ip(h.host, "link delete lan0");
  h.lab.link(h.host, "lan0", switched, "p0");
  h.lab.link(h.client, "lan0", switched, "p1");
  h.lab.ip(switched, "link add br0 type bridge\nlink set p0 master br0\nlink set p1 master br0\nlink set br0 up");
  h.lab.ip(h.host, `address add ${HOST}/24 dev lan0`);
  h.lab.ip(h.client, `address add ${CLIENT}/24 dev lan0`);
});
afterAll(() => h.close());

type Ping = (from: "a" | "b" | "host" | "client", to: string) => Promise<boolean>;
const PING = ["ping", "-n", "-c", "2", "-i", "0.2", "-W", "0.6"];

/** Endpoints of the kernel's own, one or two, and what they reach. */
async function kernels<T>(mode: string, count: number, look: (ping: Ping) => Promise<T>): Promise<T> {
  const namespaces = ["a", "b"].slice(0, count).map((name) => h.lab.addNamespace(`${mode}-${name}${cases}`));
  cases++;
  for (const [i, ns] of namespaces.entries()) {
    h.lab.ip(h.host, `link add link lan0 name m${i} netns ${ns} type macvlan mode ${mode}`);
    h.lab.ip(ns, `address add ${[A, B][i]}/24 dev m${i}\nlink set m${i} up`);
  }
  const places = { a: namespaces[0]!, b: namespaces[1]!, host: h.host, client: h.client };
  const seen = await look(async (from, to) => (await h.lab.run(places[from], [...PING, to])).code === 0);
  for (const [i, ns] of namespaces.entries()) h.lab.ip(ns, `link delete m${i}`);
  return seen;
}

async function ours<T>(mode: string, count: number, look: (ping: Ping) => Promise<T>): Promise<T> {
  const range = ["--subnet", "192.0.2.0/24", "--ip-range", "192.0.2.128/25", "--gateway", CLIENT];
  await h.ok("network", "create", "-d", "macvlan", "-o", "parent=lan0", "-o", `macvlan_mode=${mode}`, ...range, "lan");
  const names = ["a", "b"].slice(0, count);
  for (const name of names) await h.ok("run", "-d", "--network", "lan", "--name", name, "--", "sleep", "1000");
  const seen = await look(async (from, to) => {
    if (from === "a" || from === "b") return (await h.inside(from, ...PING, to)).code === 0;
    return (await h.lab.run(from === "host" ? h.host : h.client, [...PING, to])).code === 0;
  });
  await h.ok("rm", "-f", ...names);
  await h.ok("network", "rm", "lan");
  return seen;
}

/** The way from the LAN, to it, to the other endpoint, to the host, and from it. */
async function look(ping: Ping): Promise<string> {
  // The neighbors' caches have whom the last case left.
  for (const ns of [h.host, h.client]) h.lab.ip(ns, "neighbor flush all");
  const all = await Promise.all([ping("client", A), ping("a", CLIENT), ping("a", B), ping("a", HOST), ping("host", A)]);
  return ["from LAN", "to LAN", "other", "to host", "from host"].filter((_, i) => all[i]).join(", ");
}

const LAN = "from LAN, to LAN";
// biome-ignore format: a table
it.each([
  // mode, the port sends back, endpoints, kernel's, ours
  ["bridge", false, 2, `${LAN}, other`, `${LAN}, other, to host, from host`],
  ["private", false, 2, LAN, `${LAN}, to host, from host`],
  ["vepa", false, 2, LAN, LAN],
  ["vepa", true, 2, `${LAN}, other, to host, from host`, `${LAN}, other, to host, from host`],
  ["passthru", false, 1, LAN, `${LAN}, to host, from host`],
] as const)("in mode %s, where the switch sends back: %s", async (mode, hairpin, count, kernel, own) => {
  h.lab.runSync(switched, ["bridge", "link", "set", "dev", "p0", "hairpin", hairpin ? "on" : "off"]);
  expect(await kernels(mode, count, look), "the kernel's").toBe(kernel);
  expect(await ours(mode, count, look), "ours").toBe(own);
});
