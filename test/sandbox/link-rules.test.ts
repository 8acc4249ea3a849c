import { expect, it } from "vitest";
import { chosenAddresses } from "../../src/model/addresses.js";
import { DEFAULT_OPTIONS } from "../../src/model/records.js";
import { LinkRules } from "../../src/sandbox/link-rules.js";
import type { Member } from "../../src/sandbox/member.js";
import type { SandboxRecord } from "../../src/sandbox/records.js";
import { planSandbox } from "../../src/sandbox/sandbox-request.js";
import { ModelFixture } from "../model/model-fixture.js";
import { subnet } from "../support/ip.js";

const [CLOSED, OPEN] = ["c".repeat(64), "d".repeat(64)];

/** Networks `closed`, without icc, and `open`; sandboxes in both. */
async function start() {
  const fixture = await ModelFixture.start(chosenAddresses);
  const make = (id: string, name: string, n: number, icc: boolean): Promise<void> => {
    const subnets = { ipv4: subnet(`10.${n}.0.0/24`), ipv6: subnet(`fd00:${n}::/64`) };
    return fixture.model.createNetwork({ id, name, subnets, options: { ...DEFAULT_OPTIONS, icc } });
  };
  await make(CLOSED, "closed", 1, false);
  await make(OPEN, "open", 2, true);
  const rules = new LinkRules();
  const all = new Map<string, SandboxRecord>();
  const membersOf = ({ id }: SandboxRecord): Member[] =>
    fixture.model.endpoints.flatMap((endpoint) =>
      endpoint.record.use?.owner === id ? [{ network: endpoint.network, endpoint, attachment: {} as Member["attachment"] }] : [],
    );
  const run = async (name: string, more: { links?: SandboxRecord["links"]; publish?: string[]; expose?: string[] }) => {
    const { links = [], ...asked } = more;
    const plan = planSandbox({ kind: "run", command: ["true"], network: "closed", name, ...asked }, () => false);
    const record: SandboxRecord = { ...plan.record, links, pid: 1, startTime: "", netns: "", netnsInode: 1 };
    for (const network of [CLOSED, OPEN]) {
      const id = `${name}${network}`.slice(0, 64);
      await fixture.model.createEndpoint(network, { id, use: { owner: record.id, names: [name] } });
    }
    all.set(record.id, record);
    return record;
  };
  return { fixture, all, run, refresh: () => rules.refresh(all, membersOf) };
}

it("opens what the target publishes and exposes, in networks without icc alone, of both families, one way", async () => {
  const s = await start();
  const store = await s.run("store", { publish: ["8999:80", "53:53/udp"], expose: ["7000-7009/sctp"] });
  await s.run("web", { links: [{ target: store.id, alias: "db" }] });
  s.refresh();
  expect([...s.fixture.links]).toEqual(["10.1.0.3,fd00:1::3 -> 10.1.0.2,fd00:1::2 6:80-80 17:53-53 132:7000-7009"]);
  s.refresh();
  expect(s.fixture.links.size).toBe(1);
});

it("closes it when one of the two has ended, or has left the network", async () => {
  const s = await start();
  const store = await s.run("store", { expose: ["80"] });
  const links = [{ target: store.id, alias: "db" }];
  await s.run("web", { links });
  await s.run("api", { links });
  s.refresh();
  expect(s.fixture.links.size).toBe(2);
  const api = s.fixture.model.endpoints.find(({ record }) => record.id.startsWith("apic"))!;
  await s.fixture.model.deleteEndpoint(CLOSED, api.record.id); // at once: its address may be another's next
  expect(s.fixture.links.size).toBe(1);
  s.all.delete(store.id);
  s.refresh();
  expect([...s.fixture.links]).toEqual([]);
});
