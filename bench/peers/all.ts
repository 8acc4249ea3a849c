/** All peers, in the order of the tables. */
import { cOnTap } from "./c-on-tap.js";
import { dockerProxy } from "./docker-proxy.js";
import { haproxy } from "./haproxy.js";
import { kernelIptables } from "./kernel-iptables.js";
import { kernelNftables } from "./kernel-nftables.js";
import { openvswitch, openvswitchXdp } from "./openvswitch.js";
import { pasta } from "./pasta.js";
import type { Peer } from "./peer.js";
import { slirp4netns } from "./slirp4netns.js";
import { socat } from "./socat.js";
import {
  tsproxy,
  tsproxyBypass,
  tsproxyLoop,
  tsproxyLoopBypass,
  tsproxyOverBridge,
  tsproxyOwn,
  tsproxyOwnTap,
  tsproxyWorkers,
} from "./tsproxy.js";
import { vdeSwitch } from "./vde-switch.js";
import { veth } from "./veth.js";

export const PEERS: readonly Peer[] = [
  tsproxy,
  tsproxyLoop,
  tsproxyOwn,
  tsproxyOwnTap,
  tsproxyWorkers,
  tsproxyOverBridge,
  tsproxyBypass,
  tsproxyLoopBypass,
  cOnTap,
  kernelIptables,
  kernelNftables,
  dockerProxy,
  haproxy,
  socat,
  pasta,
  slirp4netns,
  openvswitch,
  openvswitchXdp,
  vdeSwitch,
  veth,
];
/** Of `--quick`. */
export const QUICK = ["tsproxy", "tsproxy-loop", "c-on-tap", "iptables", "docker-proxy"];
