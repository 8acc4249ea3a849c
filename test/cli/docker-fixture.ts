/** A daemon with one network and two endpoints, and what dockerd calls them. */
import type { Handlers } from "../../src/api/routes.js";
import type { EndpointView, NetworkView } from "../../src/api/types.js";
import type { Names } from "../../src/docker/dockerd-client.js";

const NETWORK = "a".repeat(64);
const networks: NetworkView[] = [
  {
    id: NETWORK,
    name: "",
    driver: "tsproxy",
    created: "",
    labels: {},
    subnet: "172.18.0.0/16",
    gateway: "172.18.0.1",
    ipv6Subnet: "fd00:18::/64",
    ipv6Gateway: "fd00:18::1",
    device: "tsnaaaaaaaaaaaa",
    mtu: 1400,
    internal: false,
    icc: false,
    masquerade: false,
    promiscuous: true,
    attach: "auto",
    endpoints: 2,
  },
];
const web = { hostIp: "0.0.0.0", targetIp: "172.18.0.2", proto: "tcp", via: "dataplane" } as const;
const endpoints: EndpointView[] = [
  {
    id: "e1".repeat(32),
    network: NETWORK,
    owner: "",
    names: [],
    address: "172.18.0.2",
    ipv6Address: "fd00:18::2",
    mac: "02:42:ac:12:00:02",
    state: "joined",
    attach: "veth",
    sandbox: "/run/docker/netns/1",
    ports: [
      { ...web, hostPort: 8080, hostPortEnd: 8080, targetPort: 80, targetPortEnd: 80 },
      { ...web, hostIp: "::", targetIp: "fd00:18::2", hostPort: 8080, hostPortEnd: 8080, targetPort: 80, targetPortEnd: 80 },
      { ...web, hostPort: 9000, hostPortEnd: 9003, targetPort: 7000, targetPortEnd: 7003 },
    ],
  },
  {
    id: "e2".repeat(32),
    network: NETWORK,
    owner: "",
    names: [],
    address: "",
    ipv6Address: "fd00:18::3",
    mac: "02:42:ac:12:00:03",
    state: "gone",
    attach: "tap",
    sandbox: "",
    ports: [],
  },
];
const names: Names = {
  containers: new Map([[endpoints[0]!.id, { name: "web", id: "c".repeat(64) }]]),
  networks: new Map([[NETWORK, "net"]]),
};

export const daemon: Handlers = { networks: () => networks, endpoints: () => endpoints, sandboxes: () => [] };
export const known = async (): Promise<Names> => names;
export const unknown = async (): Promise<Names> => ({ containers: new Map(), networks: new Map() });
export const ALL = { json: false, pid: undefined };
