// Publishes ports, until Ctrl-C:   node examples/publish.mjs 8999:172.17.0.4:8080 [MAPPING …]
import { Dataplane, onWarning, TsproxyError } from "tsproxy";

onWarning((message) => console.error(`warning: ${message}`));
const dataplane = await Dataplane.start();
try {
  const [first, ...more] = process.argv.slice(2);
  for (const mapping of [first, ...more]) {
    const port = await dataplane.publish(mapping);
    console.log(`${port.hostIp}:${port.hostPort} leads to ${port.targetIp}:${port.targetPort}/${port.proto}`);
  }
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
