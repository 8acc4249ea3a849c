// Publishes a port and says each second what came by it, until Ctrl-C:   node examples/counters.mjs 8999:172.17.0.4:8080
import { Dataplane } from "tsproxy";

const dataplane = await Dataplane.start();
const port = await dataplane.publish(process.argv[2] ?? "");
const timer = setInterval(async () => {
  const { ports, offloaded, drops, flows } = await dataplane.counters();
  const packets = ports.reduce((sum, { rxPackets }) => sum + rxPackets, offloaded.packets);
  console.log(JSON.stringify({ packets, flows: flows.created, active: flows.active, drops }));
  for (const { original, reply, state } of await dataplane.flows())
    console.log(`${original.src} -> ${original.dst} is ${reply.dst} -> ${reply.src}, ${state}`);
}, 1000);
const stop = async () => {
  clearInterval(timer);
  await port.close();
  await dataplane.close();
};
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
console.log("ready");
