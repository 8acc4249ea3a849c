/** What a runtime's list of containers means for those that others put into its network. */
import { expect, it } from "vitest";
import { Containers } from "../../src/cni/containers.js";
import type { Member } from "../../src/sandbox/member.js";
import type { SandboxRecord } from "../../src/sandbox/records.js";

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
  const catalog = { byName: (name: string) => ({ record: { id: name } }) };
  const containers = new Containers(...([catalog, sandboxes] as unknown as ConstructorParameters<typeof Containers>));
  await containers.keepOnly("n", [{ containerId: id("a"), ifname: "eth0" }]);
  expect(removed).toEqual([id("b")]);
});
