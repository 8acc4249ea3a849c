/** `tsproxy install cni`: the plugin where container runtimes look for plugins, and a network configuration that names it. */
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { TsproxyError } from "../../errors.js";
import { BUILD_COMMAND, cniFile } from "../../sys/native-files.js";
import { stdout, type Write } from "../show.js";

/** Where containerd, CRI-O and Podman look when nobody says otherwise. */
const PLUGINS = "/opt/cni/bin";
const CONFIGURATIONS = "/etc/cni/net.d";
const NAME = "tsproxy-cni";

/** 1.0.0: Podman 4.3 refuses results in 1.1.0. */
const CONFIGURATION = {
  cniVersion: "1.0.0",
  name: "tsproxy",
  plugins: [{ type: NAME, capabilities: { portMappings: true, ips: true, mac: true, aliases: true, dns: true } }],
};

export function installCni(prefix: string, write: Write = stdout): void {
  const source = cniFile();
  if (source === null) throw new TsproxyError("TSP_ERR_INSTALL", "unavailable", `${NAME} is missing`, `compile it: ${BUILD_COMMAND}`);
  const plugin = path.join(prefix, PLUGINS, NAME);
  const configuration = path.join(prefix, CONFIGURATIONS, "10-tsproxy.conflist");
  try {
    for (const file of [plugin, configuration]) mkdirSync(path.dirname(file), { recursive: true });
    copyFileSync(source, `${plugin}.new`);
    renameSync(`${plugin}.new`, plugin); // a runtime may be running the old one
    writeFileSync(configuration, `${JSON.stringify(CONFIGURATION, null, 2)}\n`);
  } catch (cause) {
    const denied = ["EACCES", "EPERM", "EROFS"].includes((cause as NodeJS.ErrnoException).code ?? "");
    const message = `cannot install the CNI plugin: ${(cause as Error).message}`;
    throw new TsproxyError("TSP_ERR_INSTALL", denied ? "permission" : "unavailable", message, denied ? "run as root" : undefined, cause);
  }
  write(`wrote ${plugin} and ${configuration}

The plugin asks the daemon: let systemd start that ('tsproxy install'), or run 'tsproxy daemon'.

With Podman, whose network backend must be "cni":
  podman run --network tsproxy -p 8999:80 IMAGE
Podman binds published ports by itself; in containers.conf, under [engine], let it not:
  enable_port_reservation=false
`);
}
