/** What a runtime's list of containers means for those that others put into its network. */
import { expect, it } from "vitest";
import { Containers } from "../../src/cni/containers.js";
import type { Member } from "../../src/sandbox/member.js";
import type { SandboxRecord } from "../../src/sandbox/records.js";
import { subnet } from "../support/ip.js";

const id = (letter: string): string => letter.repeat(64);
const sandbox = (letter: string, kind: SandboxRecord["kind"], network = "n"): SandboxRecord => {
  const attachments = [{ network, endpoint: letter, device: "eth0", aliases: [], gwPriority: 0 }];
  return { id: id(letter), kind, netns: "/proc/self/ns/net", netnsInode: 0, attachments } as unknown as SandboxRecord;
};

it("GC takes out a runtime's container that is not in the list, and neither a program of 'tsproxy run' nor who is elsewhere", async () => {
  const records = [sandbox("a", "attached"), sandbox("b", "attached"), sandbox("c", "run"), sandbox("d", "attached", "m")];
  const removed: string[] = [];
  const sandboxes = {
    all: () => records.map((record) => ({ record })),
    members: ({ attachments }: SandboxRecord) => attachments.map((attachment) => ({ attachment }) as Member),
    remove: async (word: string) => void removed.push(word),
  };
  const catalog = { named: (name: string) => ({ id: name }) };
  const containers = new Containers(...([catalog, sandboxes] as unknown as ConstructorParameters<typeof Containers>));
  await containers.keepOnly("n", [{ containerId: id("a"), ifname: "eth0" }]);
  expect(removed).toEqual([id("b")]);
});

it("ADD takes a network of the cluster as it is, also while nobody here is in it, and makes none of that name", async () => {
  const made: string[] = [];
  const joined: string[] = [];
  const record = { id: "n", name: "shop", subnets: { ipv4: subnet("10.0.0.0/24") } };
  const catalog = {
    named: (name: string) => (name === "shop" ? record : undefined),
    create: async ({ name }: { name: string }) => void made.push(name),
  };
  const own: { record: SandboxRecord }[] = [];
  const sandboxes = {
    all: () => own,
    members: ({ attachments }: SandboxRecord) => attachments.map((attachment) => ({ attachment }) as Member),
    create: async ({ network }: { network: string }) => {
      joined.push(network);
      own.push({ record: { ...sandbox("a", "attached"), id: id("a") } });
    },
  };
  const containers = new Containers(...([catalog, sandboxes] as unknown as ConstructorParameters<typeof Containers>));
  const wanted = { containerId: id("a"), network: "shop", ifname: "eth0", netns: "/run/netns/x", name: "web" };
  const rest = { ips: [], mac: undefined, aliases: [], bandwidth: undefined, publish: [], servers: [] };
  const join = (ranges: { subnet: string }[]) =>
    containers.join({ ...wanted, ...rest }, { name: "shop", ranges: ranges as never, ipv6: false, internal: false }, "cni");
  await expect(join([{ subnet: "10.9.0.0/24" }])).rejects.toThrow("network shop has the range 10.0.0.0/24 already");
  expect((await join([])).attachment.device).toBe("eth0");
  expect([made, joined]).toEqual([[], ["shop"]]);
});
