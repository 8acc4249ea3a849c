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

  it.each([
    ["networks.0.gateway", { networks: [network("a", { gateway: "nowhere" })], endpoints: [] }],
    ["networks.0.id", { networks: [{ ...network("a"), id: "../../etc" }], endpoints: [] }],
    ["networks.0.options.icc", { networks: [{ ...network("a"), options: { internal: true } }], endpoints: [] }],
    ["endpoints.0.ports", { networks: [], endpoints: [{ ...endpoint("e"), ports: undefined }] }],
    ["endpoints.0.mac", { networks: [], endpoints: [endpoint("e", { mac: "02" })] }],
  ])("puts a file aside in which %s is wrong, and says so", async (where, records) => {
    const said = warnings();
    writeFileSync(file(), JSON.stringify({ version: 1, bootId: "", pid: 1, ...records }));
    expect(await new FileStore(dir).load()).toEqual({ networks: [], endpoints: [] });
    expect(said).toEqual([expect.stringContaining(`is damaged (${where}`)]);
  });

  it("keeps what a later version of the same format has added", async () => {
    const added = { ...network("a"), labels: { tier: "web" } };
    writeFileSync(file(), JSON.stringify({ version: 1, bootId: "", pid: 1, networks: [added], endpoints: [] }));
    const store = new FileStore(dir);
    await store.load();
    await store.commit({ putNetworks: [network("b")] });
    expect((await new FileStore(dir).load()).networks).toEqual([added, network("b")]);
  });

  it("leaves the file of a newer version alone and says so", async () => {
    const text = JSON.stringify({ version: 2, things: [network("a"), endpoint("e")] });
    writeFileSync(file(), text);
    await expect(new FileStore(dir).load()).rejects.toMatchObject({ code: "TSP_ERR_STATE", message: expect.stringContaining("format 2") });
    expect(readFileSync(file(), "utf8")).toBe(text);
    expect(existsSync(`${file()}.bad`)).toBe(false);
  });

  it("does not put aside what it cannot read", async () => {
    mkdirSync(file()); // root may read any file, but nobody a folder
    await expect(new FileStore(dir).load()).rejects.toMatchObject({ code: "TSP_ERR_STATE", message: expect.stringContaining("EISDIR") });
    expect(statSync(file()).isDirectory()).toBe(true);
  });
});
