// A network of two namespaces, whose server is published, until Ctrl-C:
//   ip netns add web; ip netns add db
//   node examples/network.mjs web db 8999
// Each namespace gets an eth0; `web` is to serve HTTP on port 8080.
import { Dataplane, TsproxyError } from "tsproxy";

const [web, db, hostPort] = process.argv.slice(2);
const dataplane = await Dataplane.start();
try {
  const network = await dataplane.addNetwork({ subnet: "172.30.0.0/24" });
  await network.addEndpoint({ netns: web, address: "172.30.0.4" });
  await network.addEndpoint({ netns: db, address: "172.30.0.5" });
  const port = await dataplane.publish(`${hostPort}:172.30.0.4:8080`);
  console.log(`gateway ${network.gateway}, device ${network.hostDevice}, port ${port.hostPort}`);
  console.log("ready");
  await new Promise((stop) => {
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
  });
} catch (error) {
  if (!(error instanceof TsproxyError)) throw error;
  console.error(`${error.code}: ${error.describe()}`);
  process.exitCode = 1;
} finally {
  await dataplane.close();
}
