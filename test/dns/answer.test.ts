import packet, { type DecodedPacket, type RecordType } from "dns-packet";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answer, type Verdict } from "../../src/dns/answer.js";
import { Directory } from "../../src/dns/directory.js";
import { chosenAddresses } from "../../src/model/addresses.js";
import { DEFAULT_OPTIONS } from "../../src/model/records.js";
import type { NameScope } from "../../src/sandbox/name-service.js";
import { ModelFixture } from "../model/model-fixture.js";
import { subnet } from "../support/ip.js";

const SHOP = "a".repeat(64);
const BACK = "b".repeat(64);
const SIX = "c".repeat(64);
const scope: NameScope = { id: "s", networks: [SHOP], links: [], servers: [], internal: false };

/** Network `shop` with web, db and three that are all `app`; network `back` with its own `db`. */
async function start(): Promise<{ directory: Directory; fixture: ModelFixture }> {
  const fixture = await ModelFixture.start(chosenAddresses);
  const make = (id: string, name: string, range: string): Promise<void> =>
    fixture.model.createNetwork({ id, name, subnets: { ipv4: subnet(range) }, options: DEFAULT_OPTIONS });
  await make(SHOP, "shop", "10.1.0.0/16");
  await make(BACK, "Back.End", "10.2.0.0/16");
  const join = (network: string, owner: string, ...names: string[]) =>
    fixture.model.createEndpoint(network, { id: `${names[0]}${owner}`.padEnd(64, "0").slice(0, 64), use: { owner, names } });
  await join(SHOP, "o1", "Web", "www", "0123456789ab");
  await join(SHOP, "o2", "db");
  for (const owner of ["o3", "o4", "o5"]) await join(SHOP, owner, `app${owner}`, "app");
  await join(BACK, "o6", "db");
  return { directory: new Directory(fixture.model), fixture };
}

function ask(name: string, type: RecordType, extra: object = {}): Buffer {
  return packet.encode({ type: "query", id: 4711, flags: packet.RECURSION_DESIRED, questions: [{ name, type }], ...extra });
}

function decoded(verdict: Verdict): DecodedPacket {
  expect(verdict.kind).toBe("answer");
  return packet.decode((verdict as { bytes: Buffer }).bytes);
}

function data(verdict: Verdict): unknown[] {
  return (decoded(verdict).answers ?? []).map((record) => ("data" in record ? record.data : undefined));
}

describe("a question", () => {
  it.each([
    ["web", ["10.1.0.2"]],
    ["WEB", ["10.1.0.2"]],
    ["www", ["10.1.0.2"]],
    ["0123456789ab", ["10.1.0.2"]],
    ["web.shop", ["10.1.0.2"]],
    ["Db.Shop", ["10.1.0.3"]],
  ])("for %s has the address of who is called so in the asker's networks, whatever the case", async (name, addresses) => {
    const { directory } = await start();
    const reply = decoded(answer(ask(name, "A"), scope, directory, false));
    expect(reply).toMatchObject({ id: 4711, rcode: "NOERROR", flag_qr: true, flag_ra: true, flag_rd: true, flag_tc: false });
    expect(reply.answers).toEqual(addresses.map((address) => expect.objectContaining({ name, type: "A", ttl: 600, data: address })));
  });

  it("for a name of several has all of them, in an order that changes", async () => {
    const { directory } = await start();
    const orders = Array.from({ length: 64 }, () => data(answer(ask("app", "A"), scope, directory, false)));
    for (const order of orders) expect([...order].sort()).toEqual(["10.1.0.4", "10.1.0.5", "10.1.0.6"]);
    expect(new Set(orders.map((order) => order[0])).size).toBe(3);
  });

  it("for a name in two networks of the asker's has both; in another's network it is nobody's", async () => {
    const { directory } = await start();
    const both = { ...scope, networks: [SHOP, BACK] };
    expect(data(answer(ask("db", "A"), both, directory, false)).sort()).toEqual(["10.1.0.3", "10.2.0.2"]);
    expect(data(answer(ask("db.back.end", "A"), both, directory, false))).toEqual(["10.2.0.2"]);
    expect(answer(ask("db.back.end", "A"), scope, directory, false).kind).toBe("forward");
  });

  it("by a link's alias is answered to who has the link alone", async () => {
    const { directory } = await start();
    const linked = { ...scope, links: [{ alias: "Store", owner: "o2" }] };
    expect(data(answer(ask("store", "A"), linked, directory, false))).toEqual(["10.1.0.3"]);
    expect(answer(ask("store", "A"), scope, directory, false).kind).toBe("forward");
  });

  it("of type AAAA has the IPv6 address; a name with the other family alone has an empty answer", async () => {
    const { directory, fixture } = await start();
    const more = { ...scope, networks: [SHOP, BACK, SIX] };
    await fixture.model.createNetwork({ id: SIX, name: "six", subnets: { ipv6: subnet("fd00:5::/64") }, options: DEFAULT_OPTIONS });
    const join = (owner: string, ...names: string[]) =>
      fixture.model.createEndpoint(SIX, { id: `six${owner}`.padEnd(64, "0"), use: { owner, names } });
    await join("o2", "db");
    await join("o7", "only");
    const found = (name: string, type: RecordType, from = more): unknown[] => data(answer(ask(name, type), from, directory, false));
    expect(found("db", "AAAA")).toEqual(["fd00:5::2"]);
    expect(found("db.six", "AAAA")).toEqual(["fd00:5::2"]);
    expect(found("db", "A").sort()).toEqual(["10.1.0.3", "10.2.0.2"]);
    expect(found("db", "ANY" as RecordType).sort()).toEqual(["10.1.0.3", "10.2.0.2", "fd00:5::2"]);
    expect(decoded(answer(ask("only", "A"), more, directory, false))).toMatchObject({ rcode: "NOERROR", answers: [] });
    expect(found("store", "AAAA", { ...more, links: [{ alias: "Store", owner: "o2" }] })).toEqual(["fd00:5::2"]);
    const reverse = `3.${"0.".repeat(19)}5.0.0.0.0.0.d.f.ip6.arpa`;
    expect(found(reverse.replace(/^3\.(0\.){19}/, `3.${"0.".repeat(23)}`), "PTR")).toEqual(["only.six"]);
    expect(answer(ask(reverse, "PTR"), more, directory, false).kind).toBe("forward"); // too short
  });

  it.each(["AAAA", "MX", "TXT"] as const)("of type %s for a known name has an empty answer, and is not forwarded", async (type) => {
    const { directory } = await start();
    expect(decoded(answer(ask("web", type), scope, directory, false))).toMatchObject({ rcode: "NOERROR", answers: [] });
  });

  it("of type PTR has the main name and the network's; other people's addresses are forwarded", async () => {
    const { directory } = await start();
    expect(data(answer(ask("2.0.1.10.in-addr.arpa", "PTR"), scope, directory, false))).toEqual(["Web.shop"]);
    expect(answer(ask("2.0.2.10.in-addr.arpa", "PTR"), scope, directory, false).kind).toBe("forward");
    expect(answer(ask("1.1.1.1.in-addr.arpa", "PTR"), scope, directory, false).kind).toBe("forward");
  });

  it("for a name of nobody's is forwarded as it is", async () => {
    const { directory } = await start();
    const bytes = ask("example.org", "A");
    expect(answer(bytes, scope, directory, false)).toMatchObject({ kind: "forward", query: { bytes } });
  });

  it("is answered anew after a change: names, and addresses that are gone", async () => {
    const { directory, fixture } = await start();
    const web = fixture.model.endpoints[0]!.record;
    await fixture.model.setUse(SHOP, web.id, { owner: "o1", names: ["front"] });
    expect(data(answer(ask("front", "A"), scope, directory, false))).toEqual(["10.1.0.2"]);
    expect(answer(ask("web", "A"), scope, directory, false).kind).toBe("forward");
    await fixture.model.deleteEndpoint(SHOP, web.id);
    expect(answer(ask("front", "A"), scope, directory, false).kind).toBe("forward");
  });
});

describe("an answer that is long", () => {
  async function many(): Promise<Directory> {
    const { directory, fixture } = await start();
    for (let i = 0; i < 60; i++)
      await fixture.model.createEndpoint(SHOP, { id: `m${i}x`.padEnd(64, "0"), use: { owner: `m${i}`, names: [`m${i}`, "many"] } });
    return directory;
  }

  it("is cut to 512 bytes and says so; by TCP, or with EDNS and room, it is whole", async () => {
    const directory = await many();
    const cut = answer(ask("many", "A"), scope, directory, false) as { bytes: Buffer };
    expect(cut.bytes.length).toBeLessThanOrEqual(512);
    expect(decoded(cut as Verdict).flag_tc).toBe(true);
    expect(data(cut as Verdict).length).toBeGreaterThan(10);
    expect(data(answer(ask("many", "A"), scope, directory, true))).toHaveLength(60);
    const additionals = [{ type: "OPT", name: ".", udpPayloadSize: 4096, flags: 0, options: [] }];
    const whole = decoded(answer(ask("many", "A", { additionals }), scope, directory, false));
    expect(whole).toMatchObject({ flag_tc: false, additionals: [{ type: "OPT" }] });
    expect(whole.answers).toHaveLength(60);
  });
});

describe("what is no question", () => {
  it("an answer, or what is too short, is not answered", async () => {
    const { directory } = await start();
    expect(answer(Buffer.alloc(11), scope, directory, false).kind).toBe("ignore");
    const reply = packet.encode({ type: "response", id: 1, questions: [{ name: "web", type: "A" }] });
    expect(answer(reply, scope, directory, false).kind).toBe("ignore");
  });

  it("another operation is not implemented; a message cut short, or with several questions, has a wrong format", async () => {
    const { directory } = await start();
    const update = ask("web", "A");
    update[2] = update[2]! | 0x28;
    expect(decoded(answer(update, scope, directory, false))).toMatchObject({ rcode: "NOTIMP" });
    const whole = ask("web", "A");
    for (let length = 12; length < whole.length; length++)
      expect(decoded(answer(whole.subarray(0, length), scope, directory, false))).toMatchObject({ rcode: "FORMERR" });
    const two = packet.encode({
      type: "query",
      id: 1,
      questions: [
        { name: "web", type: "A" },
        { name: "db", type: "A" },
      ],
    });
    expect(decoded(answer(two, scope, directory, false))).toMatchObject({ rcode: "FORMERR" });
  });

  it("whatever the bytes are, nothing is thrown, and an answer has the question's id", async () => {
    const { directory } = await start();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(40), fc.nat(255)).map(([at, value]) => {
        const query = ask("web.shop", "A");
        query[at % query.length] = value;
        return query;
      }),
    );
    fc.assert(
      fc.property(bytes, (message) => {
        const verdict = answer(Buffer.from(message), scope, directory, false);
        if (verdict.kind === "answer") expect(verdict.bytes.readUInt16BE(0)).toBe(Buffer.from(message).readUInt16BE(0));
      }),
      { numRuns: 2000 },
    );
  });
});
