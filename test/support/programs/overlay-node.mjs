/**
 * One node of an overlay network, without a store: what its argument says in JSON, and then what lines on its standard input say.
 * `{local, port?, checksum?, encrypted?, attach?, vni, subnets: [[PREFIX, GATEWAY]], endpoints: [[NETNS, ADDRESS, …]], publish: [SPEC], workers?, firewall?}`;
 * lines: `{"apply": {remove, put: [[ID, MAC, [ADDRESS, …], VTEP]]}}`, `{"own": [MAC, ADDRESS, …]}`, `{"ask": "stats"}`; of an encrypted network `{"ask": "keys"}`, `{"peer": VTEP, "keys": …}`,
 * `{"rotate": true}`; `{"capture": "begin"}`, `{"capture": "end"}`. Public keys are in hex.
 * TSPROXY_TEST_SEGMENTS=no: as on a kernel without segmentation offload in tunnels (before 6.17).
 */
import readline from "node:readline";
import { startCapture } from "../../../dist/control/capture/captures.js";
import { Controller } from "../../../dist/control/controller.js";
import { parsePortSpec } from "../../../dist/control/port-spec.js";
import { parseDataplane } from "../../../dist/standalone/config.js";
import { native } from "../../../dist/sys/native.js";
import { parseMac } from "../../../dist/wire/ethernet.js";
import { parseIp, parsePrefix } from "../../../dist/wire/ip-address.js";
import { perFamily } from "../../../dist/wire/per-family.js";

const TUN_F_UDP_TUNNEL_GSO = 0x80,
  EINVAL = 22;
const { tapOffload } = native;
if (process.env.TSPROXY_TEST_SEGMENTS === "no")
  native.tapOffload = (fd, bits) => ((bits & TUN_F_UDP_TUNNEL_GSO) !== 0 ? -EINVAL : tapOffload(fd, bits));

const say = (event, more = {}) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);
const config = JSON.parse(process.argv[2]);
const addresses = (texts) => perFamily(texts.map(parseIp));

const controller = await Controller.start(parseDataplane({ workers: config.workers, firewall: config.firewall }), (error) => {
  throw error;
});
await controller.finishStart();
process.on("SIGTERM", async () => {
  await controller.stop();
  process.exit(0);
});
const subnets = Object.fromEntries(
  config.subnets.map(([prefix, gateway]) => [
    gateway.includes(":") ? "ipv6" : "ipv4",
    { prefix: parsePrefix(prefix), gateway: parseIp(gateway) },
  ]),
);
const local = addresses([config.local]);
const { vni, port, checksum, encrypted, attach = "tap" } = config;
const network = controller.networks.add({
  kind: "overlay",
  vni,
  port,
  checksum,
  encrypted,
  attach,
  local,
  subnets,
});
for (const [netns, ...own] of config.endpoints) network.endpoints.add({ netns, addresses: addresses(own) });
for (const spec of config.publish ?? []) controller.publisher.publish(parsePortSpec(spec));
await controller.settled();
const { keys: ring } = controller;
const publicKeys = () => ({
  ...ring.published,
  keys: ring.published.keys.map(({ number, bytes }) => [number, Buffer.from(bytes).toString("hex")]),
});
let [captured, stream] = [""];
say("ready", { mtu: network.mtu });

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { apply, ask, capture, own, peer, keys, rotate } = JSON.parse(line);
  if (peer !== undefined) {
    const all = keys && { ...keys, keys: keys.keys.map(([number, hex]) => ({ number, bytes: new Uint8Array(Buffer.from(hex, "hex")) })) };
    ring.setPeer(parseIp(peer), all);
    await controller.settled();
    say("applied");
  }
  if (own !== undefined) {
    const [mac, ...texts] = own;
    network.remotes.setOwn({ mac: parseMac(mac), addresses: addresses(texts) });
    await controller.settled();
    say("applied");
  }
  if (capture === "begin") {
    captured = "";
    stream = await startCapture(controller.captureSite, { format: "json" }, { application: "" });
    stream.on("data", (chunk) => {
      captured += chunk;
    });
    await controller.settled();
    say("applied");
  }
  if (capture === "end") {
    stream.destroy();
    say("captured", { packets: captured.trimEnd().split("\n").map(JSON.parse) });
  }
  if (rotate) {
    ring.rotate();
    await controller.settled();
    say("applied");
  }
  if (ask === "keys") {
    ring.told();
    say("keys", publicKeys());
  }
  if (apply !== undefined) {
    const put = (apply.put ?? []).map(([id, mac, own, vtep]) => ({
      id,
      mac: parseMac(mac),
      addresses: addresses(own),
      vtep: parseIp(vtep),
      node: `node-of-${id}`,
    }));
    network.remotes.apply({ remove: apply.remove, put });
    await controller.settled();
    say("applied");
  }
  if (ask === "stats")
    say("stats", { ports: controller.portStats(), nodes: await controller.nodes(), steering: controller.steeringStats() });
}
