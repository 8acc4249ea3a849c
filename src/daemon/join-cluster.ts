/** From `--store`, `--node` and `--advertise` to this node's part in a cluster. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { EtcdOptions } from "../cluster/etcd-options.js";
import { EtcdStore } from "../cluster/etcd-store.js";
import { CLUSTER_NAME } from "../cluster/keys.js";
import type { NodeRecord } from "../cluster/records.js";
import type { Host } from "../control/host.js";
import { roomInUnderlay } from "../control/network/overlay.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { makeFolder } from "../make-folder.js";
import { formatIp, type IpAddress, parseIp } from "../wire/ip-address.js";
import { eachFamily, type PerFamily, perFamily } from "../wire/per-family.js";

/** Of a device that says nothing else. */
const USUAL_MTU = 1500;

export interface ClusterSettings {
  etcd: EtcdOptions;
  cluster: string;
  /** Default: the host's name. */
  node: string | undefined;
  /** An address of the host, or a device; default: the device of the default route. */
  advertise: string | undefined;
  /** How long the others wait for a silent node. */
  ttlSec: number;
  /** How often this node makes another key for encrypted networks. */
  rekeySec: number;
}

/** What is asked of the host. */
export type UnderlayHost = Pick<Host, "has" | "addressesOn"> & {
  defaultLink(): { name: string } | null;
  linkOf(address: IpAddress): { name: string; mtu: number } | null;
};

/** Throws TSP_ERR_OPTION, TSP_ERR_HOST_ADDRESS. */
export function thisNode(
  { node = hostname(), advertise }: Pick<ClusterSettings, "node" | "advertise">,
  host: UnderlayHost,
  stateDir: string,
): NodeRecord {
  if (!CLUSTER_NAME.test(node))
    throw new TsproxyError("TSP_ERR_OPTION", "invalid", `--node '${node}': no name for a node`, "use letters, digits and _.- alone");
  const tunnel = tunnelOf(advertise, host);
  return { name: node, instance: instanceOf(stateDir), tunnel };
}

/** Throws TSP_ERR_STORE for a store that refuses; one that is not reached may come later. */
export async function connectStore({ etcd, cluster }: ClusterSettings): Promise<EtcdStore> {
  const store = new EtcdStore(etcd);
  try {
    await store.check(cluster);
  } catch (error) {
    if (TsproxyError.of(error).kind !== "unavailable") {
      store.close();
      throw error;
    }
    log.warn(`${TsproxyError.of(error).describe()}; networks of the cluster can be made and joined when it is`);
  }
  return store;
}

function tunnelOf(advertise: string | undefined, host: UnderlayHost): PerFamily<IpAddress> {
  const address = advertise === undefined ? null : parseIp(advertise);
  if (address !== null) {
    if (host.has(address)) return perFamily([address]);
    throw new TsproxyError(
      "TSP_ERR_HOST_ADDRESS",
      "not-found",
      `--advertise ${advertise}: not an address of this host`,
      "see 'ip address'",
    );
  }
  const device = advertise ?? host.defaultLink()?.name;
  if (device === undefined)
    throw new TsproxyError(
      "TSP_ERR_OPTION",
      "invalid",
      "the host has no default route",
      "name an address or device for tunnels by --advertise",
    );
  const addresses = host.addressesOn(device);
  if (addresses === null)
    throw new TsproxyError(
      "TSP_ERR_OPTION",
      "invalid",
      `--advertise '${device}': no address, and no device of this host`,
      "see 'ip address'",
    );
  // The first of each family, as the kernel has them: others may be given back at any time.
  const tunnel = perFamily([...addresses].reverse());
  if (addresses.length > 0) return tunnel;
  throw new TsproxyError(
    "TSP_ERR_OPTION",
    "invalid",
    `device ${device} has no address that others can reach`,
    "name another by --advertise",
  );
}

/** MTU of the device that the node's tunnels leave by, as it is when that is asked. A small one is named at once. */
export function underlayMtu({ tunnel }: NodeRecord, host: UnderlayHost): () => number {
  const address = eachFamily(tunnel)[0]!;
  const link = host.linkOf(address);
  const most = (mtu: number): number => roomInUnderlay(mtu, address.family);
  if (link !== null && link.mtu < USUAL_MTU)
    log.warn(
      `device ${link.name} has an MTU of ${link.mtu}: this node can be in no network whose MTU is above ${most(link.mtu)}, and others make them with ${most(USUAL_MTU)}; raise it, or make networks with --mtu ${most(link.mtu)}`,
    );
  return () => host.linkOf(address)?.mtu ?? USUAL_MTU; // without the address nothing leaves, and who joins is told
}

/** Of this state folder, from its first use on. */
function instanceOf(stateDir: string): string {
  const file = join(stateDir, "node-id");
  try {
    const known = readFileSync(file, "utf8").trim();
    if (/^[0-9a-f]{32}$/.test(known)) return known;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const made = randomBytes(16).toString("hex");
  makeFolder(stateDir, 0o700);
  writeFileSync(file, `${made}\n`, { mode: 0o600 });
  return made;
}

/** In words, for the log. */
export function nodeText({ name, tunnel }: NodeRecord): string {
  const addresses = [tunnel.ipv4, tunnel.ipv6].filter((address) => address !== undefined);
  return `node ${name}, tunnels at ${addresses.map(formatIp).join(" and ")}`;
}
