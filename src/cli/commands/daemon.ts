/** `tsproxy daemon`: runs until SIGINT or SIGTERM. */
import { isAbsolute } from "node:path";
import type { InfoView, OffloadView } from "../../api/types.js";
import { parseStore } from "../../cluster/etcd-options.js";
import type { DaemonOptions } from "../../daemon/daemon.js";
import type { ClusterSettings } from "../../daemon/join-cluster.js";
import { TsproxyError } from "../../errors.js";
import { parseDataplane, type RunOptions } from "../../standalone/config.js";
import { parseInteger } from "../../standalone/options.js";
import { CliCommand } from "../command.js";
import { addDataplaneOptions } from "../dataplane-options.js";
import type { PrintOptions } from "../show.js";
import { tell } from "../stdout.js";

interface RawDaemon extends RunOptions {
  group?: string;
  pluginSocket?: string;
  store?: string;
  storeCa?: string;
  storeCert?: string;
  storeKey?: string;
  storeUser?: string;
  storePasswordFile?: string;
  node?: string;
  advertise?: string;
  nodeTtl?: string;
  rekey?: string;
}

/** A lease of etcd's is at least 1.5 times its election time-out, which is a second by default. */
const DEFAULT_TTL_SEC = 10,
  MIN_TTL_SEC = 2,
  MAX_TTL_SEC = 3600;
/** Others know a key within seconds; a key of a week has sealed less than it may (`table/seals.ts`). */
const DEFAULT_REKEY_SEC = 3600,
  MIN_REKEY_SEC = 5,
  MAX_REKEY_SEC = 604_800;

type Options = Omit<DaemonOptions, "commandLine"> & PrintOptions;
type Start = (options: Options) => Promise<void>;

export function daemonCommand(start: Start = daemon): CliCommand {
  return addDataplaneOptions(new CliCommand("daemon", "Serve networks, sandboxes, Docker's network driver and launchers"))
    .option("--group <name>", "Let this group use the sockets, besides root")
    .option("--plugin-socket <path>", "Where Docker finds its network driver (/run/docker/plugins/tsproxy.sock)")
    .option("--store <url>", "The etcd of a cluster: etcd://HOST:2379[,HOST:2379][/CLUSTER]")
    .option("--store-ca <path>", "By TLS, with this authority (PEM)")
    .option("--store-cert <path>", "By TLS, with this client certificate (PEM)")
    .option("--store-key <path>", "Its key")
    .option("--store-user <name>", "A user of etcd's")
    .option("--store-password-file <path>", "That user's password")
    .option("--node <name>", "This node's name in the cluster (the host's name)")
    .option("--advertise <address>", "Where other nodes send to: an address or device (that of the default route)")
    .option("--node-ttl <seconds>", "How long others wait for this node when it is silent (10)")
    .option("--rekey <seconds>", "How often this node makes a new key for encrypted networks (3600)")
    .option("--json", "Print JSON")
    .note("It runs until it gets SIGINT or SIGTERM. 'tsproxy install' lets systemd start it.")
    .example("Serve Docker, and refuse to where the kernel cannot carry flows", "tsproxy daemon --offload always")
    .example("Be a node of a cluster", "tsproxy daemon --store etcd://10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379")
    .action(({ group, pluginSocket, json = false, ...raw }: RawDaemon) => {
      const { cluster, dataplane } = parseCluster(raw);
      if (pluginSocket !== undefined && !isAbsolute(pluginSocket)) {
        const message = `--plugin-socket '${pluginSocket}': not an absolute path`;
        throw new TsproxyError("TSP_ERR_OPTION", "invalid", message, "write it like /run/docker/plugins/tsproxy.sock");
      }
      return start({ ...parseDataplane(dataplane), group, pluginSocket, json, cluster });
    });
}

function parseCluster(raw: Omit<RawDaemon, "group" | "pluginSocket">): { cluster: ClusterSettings | undefined; dataplane: RunOptions } {
  const { store, storeCa, storeCert, storeKey, storeUser, storePasswordFile, node, advertise, nodeTtl, rekey, ...dataplane } = raw;
  const more = { storeCa, storeCert, storeKey, storeUser, storePasswordFile };
  if (store === undefined) {
    const [lone] = Object.entries({ ...more, node, advertise, nodeTtl, rekey }).filter(([, value]) => value !== undefined);
    if (lone === undefined) return { cluster: undefined, dataplane };
    const option = `--${lone[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new TsproxyError("TSP_ERR_OPTION", "invalid", `${option}: there is no cluster to be in`, "add --store etcd://HOST:2379");
  }
  const ttlSec = nodeTtl === undefined ? DEFAULT_TTL_SEC : parseInteger("--node-ttl", nodeTtl, MIN_TTL_SEC, MAX_TTL_SEC);
  const rekeySec = rekey === undefined ? DEFAULT_REKEY_SEC : parseInteger("--rekey", rekey, MIN_REKEY_SEC, MAX_REKEY_SEC);
  return { cluster: { ...parseStore({ store, ...more }), node, advertise, ttlSec, rekeySec }, dataplane };
}

async function daemon(options: Options): Promise<void> {
  let stop: (error?: Error) => void = () => {};
  const stopped = new Promise<Error | undefined>((resolve) => {
    stop = resolve;
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop());
  const [{ Daemon }, { frontCommands }] = await Promise.all([import("../../daemon/daemon.js"), import("../front.js")]);
  const running = await Daemon.start({ ...options, commandLine: frontCommands }, stop);
  try {
    const { info } = running;
    const { offload } = running.controller;
    tell(options.json ? `${JSON.stringify({ event: "ready", ...info, offload })}\n` : readyLine(info, offload));
    void running.controller.finishStart();
    const error = await stopped;
    if (error !== undefined) throw error;
  } finally {
    await running.stop();
  }
}

/** `ready` first, for who waits for it; then what is served where. */
export function readyLine({ pluginSocket, launcherSocket, apiSocket }: InfoView, { reason }: Pick<OffloadView, "reason"> = {}): string {
  const sockets = `Docker's network driver at ${pluginSocket}, docker-proxy launchers at ${launcherSocket}, API at ${apiSocket}`;
  return `ready: ${sockets}${reason === undefined ? "" : ` (${reason})`}\n`;
}
