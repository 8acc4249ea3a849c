/**
 * `tsproxy install cni` and `install netavark`: the plugin where container runtimes look for plugins; for CNI also a network configuration that names
 * it. One program is both plugins (`native/cni.c`): Netavark calls it by its driver's name, with arguments.
 */
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { TsproxyError } from "../../errors.js";
import { makeFolder } from "../../make-folder.js";
import { BUILD_COMMAND, cniFile } from "../../sys/native-files.js";
import { stdout, type Write } from "../stdout.js";

/** Where containerd, CRI-O, nerdctl and Podman look when nobody says otherwise. */
const CNI_PLUGIN = "/opt/cni/bin/tsproxy-cni";
const CONFIGURATION = "/etc/cni/net.d/10-tsproxy.conflist";
/** Among the folders where Podman looks for drivers; the file's name is the driver's. */
const NETAVARK_PLUGIN = "/usr/local/lib/netavark/tsproxy";
const TYPE = "tsproxy-cni";
/** What to do where a file cannot be written. */
export const ELSEWHERE = "is there space on the disk? --prefix names another place";

/** 1.0.0: Podman 4.3 refuses results in 1.1.0. */
const CONTENT = {
  cniVersion: "1.0.0",
  name: "tsproxy",
  plugins: [
    { type: TYPE, capabilities: { portMappings: true, bandwidth: true, ipRanges: true, ips: true, mac: true, aliases: true, dns: true } },
  ],
};

export interface PluginOptions {
  /** Put before all folders: for an image. */
  prefix: string;
  /** Take away what was installed. */
  remove?: boolean;
}

export function installCni({ prefix, remove = false }: PluginOptions, write: Write = stdout): void {
  const [plugin, configuration] = [CNI_PLUGIN, CONFIGURATION].map((file) => path.join(prefix, file)) as [string, string];
  if (remove) {
    const foreign = existsSync(configuration) && !isOurs(configuration);
    write(
      told(
        "removed",
        change(() => [plugin, ...(foreign ? [] : [configuration])].filter(removeFile)),
      ),
    );
    return;
  }
  const kept = existsSync(configuration) && readFileSync(configuration, "utf8") !== text();
  change(() => {
    copyProgram(plugin);
    makeFolder(path.dirname(configuration));
    if (!kept) writeFileSync(configuration, text());
  });
  write(`${told("wrote", [plugin, ...(kept ? [] : [configuration])])}${kept ? `left ${configuration} as it is: it was changed\n` : ""}
The plugin asks the daemon: let systemd start that ('tsproxy install'), or run 'tsproxy daemon'.

With Podman, whose network backend must be "cni":
  podman run --network tsproxy -p 8999:80 IMAGE
Podman binds published ports by itself; in containers.conf, under [engine], let it not:
  enable_port_reservation=false

With nerdctl:
  nerdctl run --network tsproxy -p 8999:80 IMAGE

Kubernetes' containerd and CRI-O take the first file of ${path.join(prefix, path.dirname(CONFIGURATION))}, in the order of
their names, for all pods. With CRI-O, let host ports be the plugin's: disable_hostport_mapping = true
`);
}

export function installNetavark({ prefix, remove = false }: PluginOptions, write: Write = stdout): void {
  const plugin = path.join(prefix, NETAVARK_PLUGIN);
  if (remove) {
    write(
      told(
        "removed",
        change(() => [plugin].filter(removeFile)),
      ),
    );
    return;
  }
  change(() => copyProgram(plugin));
  write(`${told("wrote", [plugin])}
The plugin asks the daemon: let systemd start that ('tsproxy install'), or run 'tsproxy daemon'.

With Podman 4.5 or later, and Netavark 1.6 or later:
  podman network create -d tsproxy shop
  podman run --network shop -p 8999:80 IMAGE
`);
}

function text(): string {
  return `${JSON.stringify(CONTENT, null, 2)}\n`;
}

/** Whether it names the plugin, whatever else somebody wrote into it. */
function isOurs(file: string): boolean {
  return readFileSync(file, "utf8").includes(`"${TYPE}"`);
}

function copyProgram(file: string): void {
  const source = cniFile();
  if (source === null) throw new TsproxyError("TSP_ERR_INSTALL", "unavailable", `${TYPE} is missing`, `compile it: ${BUILD_COMMAND}`);
  makeFolder(path.dirname(file));
  copyFileSync(source, `${file}.new`);
  renameSync(`${file}.new`, file); // a runtime may be running the old one
}

/** False when there was none. */
function removeFile(file: string): boolean {
  if (!existsSync(file)) return false;
  rmSync(file);
  return true;
}

function told(what: string, files: readonly string[]): string {
  return files.length === 0 ? `nothing to be ${what}\n` : `${what} ${files.join(" and ")}\n`;
}

function change<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof TsproxyError) throw cause;
    const denied = ["EACCES", "EPERM", "EROFS"].includes((cause as NodeJS.ErrnoException).code ?? "");
    const message = `cannot install the plugin: ${(cause as Error).message}`;
    throw new TsproxyError("TSP_ERR_INSTALL", denied ? "permission" : "unavailable", message, denied ? "run as root" : ELSEWHERE, cause);
  }
}
