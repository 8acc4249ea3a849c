/**
 * `npm run demo`: a client, a host and two containers as namespaces, a real HTTP server published by tsproxy, fetched from everywhere, and a
 * look at the speed beside kernel iptables. Everything ends with the namespaces, also on Ctrl-C.
 */
import path from "node:path";
import { summarize } from "../bench/stats.js";
import { Lab } from "../test/support/lab.js";
import { MAIN } from "../test/support/paths.js";
import { ADDR, buildWorld, CUBIC, setCongestion, type World } from "../test/support/topology.js";
import { launch, untilReady } from "../test/support/tsproxy.js";

const ROUNDS = 3,
  SECONDS = 2;
const IPERF_PORT = 5201,
  PUBLISHED_IPERF = 8201;
const SERVER = `require("http").createServer((request, response) => response.end("hello " + request.socket.remoteAddress.replace("::ffff:", "") + "\\n")).listen(8080, () => console.log("listening"))`;

const say = (text = ""): void => console.log(text);

/** A world whose container serves HTTP and iperf3. */
async function makeWorld(lab: Lab): Promise<World> {
  const world = buildWorld(lab, "kernel");
  const http = lab.start(world.c1, [process.execPath, "-e", SERVER]);
  const iperf = lab.start(world.c1, ["iperf3", "-s", "--forceflush", "-p", String(IPERF_PORT)]);
  await http.until("listening", () => http.stdout.includes("listening"));
  await iperf.until("listening", () => iperf.stdout.includes("Server listening"));
  return world;
}

async function fetchFrom(lab: Lab, ns: string, who: string, url: string, expected: string): Promise<void> {
  const { stdout, stderr } = await lab.run(ns, ["curl", "-sS", "--max-time", "5", url]);
  const answer = stdout.trim() || stderr.trim();
  say(`  ${who.padEnd(18)} curl ${url.padEnd(28)} → ${answer}`);
  if (answer !== `hello ${expected}`) throw new Error(`expected 'hello ${expected}'`);
}

/** Gbit/s from the client to the container. */
async function bulk(lab: Lab, world: World): Promise<number> {
  const argv = ["iperf3", "-J", "-c", ADDR.host, "-p", String(PUBLISHED_IPERF), "-t", String(SECONDS)];
  const { stdout } = await lab.run(world.client, argv);
  return (JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } }).end.sum_received.bits_per_second / 1e9;
}

async function demo(tsproxyLab: Lab, kernelLab: Lab): Promise<void> {
  say(`
   client ${ADDR.client} ─── ${ADDR.host} host ${ADDR.gateway} ─┬─ container ${ADDR.c1}, HTTP on port 8080
                                                    └─ container ${ADDR.c2}
`);
  const world = await makeWorld(tsproxyLab);
  const publish = ["-p", `8999:${ADDR.c1}:8080`];
  say(`host# tsproxy ${publish.join(" ")}`);
  const args = [...publish, "-p", `${PUBLISHED_IPERF}:${ADDR.c1}:${IPERF_PORT}`];
  const proc = await untilReady(launch(tsproxyLab, world.host, args));
  say("ready. The server says which address it sees:\n");
  await fetchFrom(tsproxyLab, world.client, "from the client", `http://${ADDR.host}:8999/`, ADDR.client);
  await fetchFrom(tsproxyLab, world.host, "from the host", "http://127.0.0.1:8999/", ADDR.gateway);
  await fetchFrom(tsproxyLab, world.c2, "from a container", `http://${ADDR.gateway}:8999/`, ADDR.gateway);
  say("\nThe client keeps its own address. No iptables rule was made, and no socket relays.\n");

  const kernel = await makeWorld(kernelLab);
  kernelLab.sysctl(kernel.host, "net.ipv4.ip_forward", 1);
  kernelLab.runSync(
    kernel.host,
    `iptables -t nat -A PREROUTING -p tcp --dport ${PUBLISHED_IPERF} -j DNAT --to ${ADDR.c1}:${IPERF_PORT}`.split(" "),
  );
  for (const one of [world, kernel]) setCongestion(one, CUBIC);
  say(`One TCP stream (${CUBIC}) from the client, ${ROUNDS} rounds of ${SECONDS} s, one after the other, on this machine:`);
  const rates: { tsproxy: number[]; iptables: number[] } = { tsproxy: [], iptables: [] };
  for (let round = 1; round <= ROUNDS; round++) {
    rates.tsproxy.push(await bulk(tsproxyLab, world));
    rates.iptables.push(await bulk(kernelLab, kernel));
    say(
      `  round ${round}: tsproxy ${rates.tsproxy.at(-1)!.toFixed(1)} Gbit/s, kernel iptables ${rates.iptables.at(-1)!.toFixed(1)} Gbit/s`,
    );
  }
  const [mine, theirs] = [summarize(rates.tsproxy).median, summarize(rates.iptables).median];
  say(
    `  median: tsproxy ${mine.toFixed(1)} Gbit/s, ${(mine / theirs).toFixed(2)} times kernel iptables. TypeScript has decided on the flow, the kernel carries`,
  );
  say("  it (--offload never: TypeScript moves every packet)\n");
  const { code } = await proc.stop();
  if (code !== 0) throw new Error(`tsproxy exits with ${code}: ${proc.stderr}`);
}

const labs = [new Lab(), new Lab()] as const;
try {
  await demo(...labs);
} catch (error) {
  console.error(`demo: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  for (const lab of labs) await lab.close();
}
if (process.exitCode === undefined) {
  say("Everything is gone again: namespaces, devices, processes. Now publish a port of a container of yours:\n");
  say(`  node ${path.relative(process.cwd(), MAIN)} -p 8999:172.17.0.4:8080      # HOST_PORT:CONTAINER_IP:CONTAINER_PORT\n`);
}
