import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { setLogSink } from "../../src/log.js";
import { FileStore } from "../../src/model/file-store.js";
import { jsonOf } from "../../src/model/record-json.js";
import { DEFAULT_OPTIONS, type Records } from "../../src/model/records.js";
import { ip } from "../support/ip.js";
import { endpoint, network, type Place, storeContract } from "./store.contract.js";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "tsp-store-"));
  return () => rmSync(dir, { recursive: true, force: true });
});

/** A folder that a file stands in for cannot be written to, not even by root. */
function place(): Place {
  const folder = path.join(dir, "state");
  let boot = 1;
  return {
    open: () => new FileStore(folder, `boot ${boot}`),
    reboot: () => {
      boot++;
    },
    breakDown: (broken) => {
      const [from, to] = broken ? [folder, `${folder}.away`] : [`${folder}.away`, folder];
      if (!broken) rmSync(folder);
      renameSync(from, to);
      if (broken) writeFileSync(folder, "");
    },
  };
}

type Fields = Record<string, unknown>;

describe("the store in a file", () => {
  storeContract(place);

  const file = (): string => path.join(dir, "networks.json");
  const warnings = (): string[] => {
    const said: string[] = [];
    setLogSink((_level, message) => said.push(message));
    onTestFinished(() => setLogSink(() => {}));
    return said;
  };

  it("is its owner's alone, in a folder that is too, and nothing else is left there", async () => {
    const state = path.join(dir, "state");
    const store = new FileStore(state);
    await store.commit({ putNetworks: [network("a")] });
    expect([statSync(state).mode & 0o777, statSync(store.file).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(readdirSync(state)).toEqual(["networks.json"]);
  });

  it("is replaced as a whole: a reader sees the old file or the new one", async () => {
    const store = new FileStore(dir);
    await store.commit({ putNetworks: [network("a")] });
    const text = readFileSync(store.file, "utf8");
    const reader = openSync(store.file, "r");
    onTestFinished(() => closeSync(reader));
    await store.commit({ putNetworks: [network("b")] });
    expect(readFileSync(reader, "utf8")).toBe(text);
    expect((await new FileStore(dir).load()).networks).toEqual([network("a"), network("b")]);
  });

  it("does not take over what a killed process left half written, nor its mode", async () => {
    writeFileSync(`${file()}.new`, "half", { mode: 0o666 });
    chmodSync(`${file()}.new`, 0o666);
    const store = new FileStore(dir);
    await store.commit({ putNetworks: [network("a")] });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect((await new FileStore(dir).load()).networks).toEqual([network("a")]);
  });

  it("says who wrote it", async () => {
    const store = new FileStore(dir);
    await store.load();
    expect(store.writer).toBe(0);
    await store.commit({ putNetworks: [network("a")] });
    const next = new FileStore(dir);
    await next.load();
    expect(next.writer).toBe(process.pid);
  });

  it.each(["", "{", "null", "[]", '"x"', '{"version":1}', '{"version":"one","networks":[],"endpoints":[]}'])(
    "puts %j aside, with a warning, and goes on with nothing",
    async (text) => {
      const said = warnings();
      writeFileSync(file(), text);
      const store = new FileStore(dir);
      expect(await store.load()).toEqual({ networks: [], endpoints: [] });
      expect(readFileSync(`${file()}.bad`, "utf8")).toBe(text);
      expect(said).toEqual([expect.stringContaining("networks.json.bad")]);
      await store.commit({ putNetworks: [network("a")] });
      expect((await new FileStore(dir).load()).networks).toEqual([network("a")]);
    },
  );

  const inFile = (records: Partial<Records>, version = 2): Fields => ({
    version,
    bootId: "",
    pid: 1,
    ...jsonOf({ networks: [], endpoints: [], ...records }),
  });
  const net = (change: Fields): Fields => ({ ...(inFile({ networks: [network("a")] }).networks as Fields[])[0], ...change });
  const station = (change: Fields): Fields => ({ ...(inFile({ endpoints: [endpoint("e")] }).endpoints as Fields[])[0], ...change });

  it.each([
    ["networks.0.subnets.ipv4.gateway", { networks: [net({ subnets: { ipv4: { subnet: "172.18.0.0/16", gateway: "nowhere" } } })] }],
    ["networks.0.subnets.ipv6.subnet", { networks: [net({ subnets: { ipv6: { subnet: "172.18.0.0/16", gateway: "fd00::1" } } })] }],
    ["networks.0.subnets", { networks: [net({ subnets: {} })] }],
    ["networks.0.id", { networks: [net({ id: "../../etc" })] }],
    ["networks.0.options.icc", { networks: [net({ options: { internal: true } })] }],
    ["endpoints.0.ports", { endpoints: [station({ ports: undefined })] }],
    ["endpoints.0.mac", { endpoints: [station({ mac: "02" })] }],
    ["endpoints.0.addresses.ipv6", { endpoints: [station({ addresses: { ipv6: "172.18.0.2" } })] }],
    ["endpoints.0.addresses", { endpoints: [station({ addresses: {} })] }],
  ])("puts a file aside in which %s is wrong, and says so", async (where, records) => {
    const said = warnings();
    writeFileSync(file(), JSON.stringify({ ...inFile({}), ...records }));
    expect(await new FileStore(dir).load()).toEqual({ networks: [], endpoints: [] });
    expect(said).toEqual([expect.stringContaining(`is damaged (${where}`)]);
  });

  it("keeps what a later version of the same format has added", async () => {
    writeFileSync(file(), JSON.stringify({ ...inFile({}), networks: [net({ labels: { tier: "web" } })] }));
    const store = new FileStore(dir);
    await store.load();
    await store.commit({ putNetworks: [network("b")] });
    expect((await new FileStore(dir).load()).networks).toEqual([{ ...network("a"), labels: { tier: "web" } }, network("b")]);
  });

  it("reads what format 1 has, which knew IPv4 alone, as it was meant", async () => {
    const options = { internal: false, icc: true, masquerade: true, hostBinding: "0.0.0.0", outside: "192.0.2.1", interfacePrefix: "eth" };
    const ids = { id: "e".repeat(12), network: "a".repeat(12) };
    const device = { mac: "02:42:ac:12:00:02", device: `tsp${"e".repeat(11)}`, multiQueue: false, sandbox: "/run/netns/web" };
    const port = {
      hostIp: "0.0.0.0",
      hostPort: 80,
      hostPortEnd: 80,
      targetIp: "172.18.0.2",
      targetPort: 8080,
      targetPortEnd: 8080,
      proto: "tcp",
    };
    const text = JSON.stringify({
      version: 1,
      bootId: "now",
      pid: 1,
      networks: [{ id: "a".repeat(12), subnet: "172.18.0.0/16", gateway: "172.18.0.1", options }],
      endpoints: [{ ...ids, ...device, address: "172.18.0.2", ports: [port] }],
    });
    writeFileSync(file(), text);
    const store = new FileStore(dir, "now");
    const loaded = await store.load();
    expect(loaded).toEqual({
      networks: [network("a", { options: { ...DEFAULT_OPTIONS, hostBinding: ip("0.0.0.0"), outside: { ipv4: ip("192.0.2.1") } } })],
      endpoints: [
        endpoint("e", {
          ...ids,
          sandbox: device.sandbox,
          ports: [{ ...port, proto: "tcp", hostIp: ip("0.0.0.0"), targetIp: ip("172.18.0.2") }],
        }),
      ],
    });
    expect(readFileSync(file(), "utf8")).toBe(text);
    await store.commit({});
    expect(JSON.parse(readFileSync(file(), "utf8"))).toMatchObject({ version: 2 });
    expect(await new FileStore(dir, "now").load()).toEqual(loaded);
  });

  it("leaves the file of a newer version alone and says so", async () => {
    const text = JSON.stringify({ version: 5, things: ["of another kind"] });
    writeFileSync(file(), text);
    await expect(new FileStore(dir).load()).rejects.toMatchObject({
      code: "TSP_ERR_STATE",
      message: expect.stringContaining("is of a newer version of tsproxy (format 5, this one has 4)"),
      hint: expect.stringContaining("run the version that wrote it"),
    });
    expect(readFileSync(file(), "utf8")).toBe(text);
    expect(existsSync(`${file()}.bad`)).toBe(false);
  });

  it("is of the lowest format that says all: 2; 3 with a network that is not of this host alone; 4 with an encrypted one", async () => {
    const version = (): number => JSON.parse(readFileSync(file(), "utf8")).version;
    const store = new FileStore(dir);
    const formats: number[] = [];
    for (const change of [
      { putNetworks: [network("a")] },
      { putNetworks: [network("o", { overlay: { vni: 4096 } }), network("m", { lan: { parent: "eth0" } })] },
      { putNetworks: [network("s", { overlay: { vni: 4097, encrypted: true } })] },
      { removeNetworks: ["s".repeat(12)] },
      { removeNetworks: ["o".repeat(12)] },
      { removeNetworks: ["m".repeat(12)] },
    ]) {
      await store.commit(change);
      formats.push(version());
    }
    expect(formats).toEqual([2, 3, 4, 3, 3, 2]);
  });

  it("reads such networks where they were written in format 2, too", async () => {
    const networks = [network("o", { overlay: { vni: 4096 } }), network("m", { lan: { parent: "eth0" } })];
    writeFileSync(file(), JSON.stringify(inFile({ networks })));
    expect((await new FileStore(dir).load()).networks).toEqual(networks);
  });

  it("does not put aside what it cannot read", async () => {
    mkdirSync(file()); // root may read any file, but nobody a folder
    await expect(new FileStore(dir).load()).rejects.toMatchObject({ code: "TSP_ERR_STATE", message: expect.stringContaining("EISDIR") });
    expect(statSync(file()).isDirectory()).toBe(true);
  });
});
