/** Docker's userland proxy, as dockerd starts it: one process a port; "0" on descriptor 3 says that it is ready. */
import { ROOT } from "../../test/support/paths.js";
import { versionOf } from "../machine.js";
import { PUBLISHED } from "../topology.js";
import { type Peer, which } from "./peer.js";

const FOLDERS = ["/usr/libexec/docker", "/usr/local/libexec/docker", `${ROOT}bench/dist/docker/usr/sbin`];

export function dockerProxyFile(): string | undefined {
  return which("docker-proxy", FOLDERS);
}

export const dockerProxy: Peer = {
  name: "docker-proxy",
  title: "docker-proxy",
  mover: "docker-proxy, one process a port",
  scenarios: ["publish", "publish6", "nat64"],
  containers: "bridge",
  // 20.10 does not know -v; the package that run.sh unpacked does
  version: () =>
    versionOf([dockerProxyFile() ?? "", "-v"], /version \S+/).replace("version ", "") ||
    versionOf(["apt-cache", "policy", "docker.io"], /\d+\.\d+\.\d+\S*/),
  missing: () => (dockerProxyFile() === undefined ? "not installed: docker-proxy (docker.io)" : undefined),
  start: async (session) => {
    const program = dockerProxyFile()!;
    const flags = (proto: string, hostPort: number, port: number): string[] =>
      `-proto ${proto} -host-ip ${session.isIpv6 ? "::" : "0.0.0.0"} -host-port ${hostPort} -container-ip ${session.target} -container-port ${port}`.split(
        " ",
      );
    const procs = PUBLISHED.map(({ proto, hostPort, port }) =>
      session.start("host", [program, ...flags(proto, hostPort, port)], { extraFd: true }),
    );
    await Promise.all(procs.map((proc) => proc.until("its status", () => proc.extra.includes("0\n"))));
    return {
      movers: procs.map(({ pid }) => pid),
      stop: async () => {
        await Promise.all(procs.map((proc) => proc.stop("SIGINT")));
      },
    };
  },
};
