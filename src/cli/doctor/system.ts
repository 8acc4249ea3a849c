/** The real host that `tsproxy doctor` examines. */
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync } from "node:fs";
import { TAP_FLAGS } from "../../sys/if-tun.js";
import type { KernelSystem } from "./kernel.js";

const AF_INET = 2,
  SOCK_DGRAM = 2;

/** Loaded late, since loading fails when the addon is not built. */
export async function loadKernel(): Promise<KernelSystem> {
  const [
    { native },
    { RouteSocket },
    { probeSteering },
    { protectedNetworks },
    { hostFamilies },
    { openEchoSocket },
    { PastBridge },
    { bridgeWays },
  ] = await Promise.all([
    import("../../sys/native.js"),
    import("../../sys/rtnetlink.js"),
    import("../../steer/probe.js"),
    import("../../sys/xfrm.js"),
    import("../../sys/host-families.js"),
    import("../../standalone/ping.js"),
    import("../../control/past-bridge.js"),
    import("../../control/over-bridge.js"),
  ]);
  return {
    probeSteering,
    protectedNetworks,
    hostFamilies,
    ipv6Settings: () => {
      const all = "/proc/sys/net/ipv6/conf/all";
      const writable = isWritable(`${all}/forwarding`);
      const forwards = existsSync(`${all}/force_forwarding`) || readFileSync(`${all}/forwarding`, "utf8").trim() === "1";
      return { writable, forwards };
    },
    capabilities: () => BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`),
    openTap: () => {
      const [fd, name] = native.openTap("tspdoctor%d", TAP_FLAGS, -1);
      return {
        offload: (bits) => native.tapOffload(fd, bits),
        addClsact: () => {
          const routes = new RouteSocket();
          try {
            routes.addClsact(routes.link(name)?.index ?? 0);
          } finally {
            routes.close();
          }
        },
        close: () => closeSync(fd),
      };
    },
    sealSupport: () => native.sealSupport(),
    enterNetns: () => {
      const fd = openSync("/proc/self/ns/net", "r");
      try {
        closeSync(native.socket(AF_INET, SOCK_DGRAM, 0, fd));
      } finally {
        closeSync(fd);
      }
    },
    hasVeth: () => {
      const routes = new RouteSocket();
      try {
        return routes.hasVeth();
      } finally {
        routes.close();
      }
    },
    bridgeWays: () => (PastBridge.isPossible() ? bridgeWays() : undefined),
    openEchoSocket: () => openEchoSocket(() => {}).close(),
  };
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
