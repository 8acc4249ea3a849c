import { expect, it } from "vitest";
import type { FdbView } from "../../../src/api/types.js";
import { showFdb } from "../../../src/cli/commands/fdb.js";
import { useInstances, written } from "../../support/instances.js";

const fdb: FdbView[] = [
  { mac: "02:42:ac:11:00:04", port: 2, name: "eth0", address: "172.17.0.4", ageSec: 61, static: false },
  { mac: "02:42:ac:11:00:01", port: 10, name: "tsp0", ageSec: 0, static: true },
];
const instance = useInstances();
const ALL = { json: false, pid: undefined };

it("shows MAC addresses and ports as a table", async () => {
  await instance(42, "standalone", { fdb: () => fdb });
  expect(await written((write) => showFdb(ALL, write))).toBe(
    [
      "MAC                PORT  NAME  ADDRESS     AGE",
      "02:42:ac:11:00:04     2  eth0  172.17.0.4  1m 1s",
      "02:42:ac:11:00:01    10  tsp0  -           static",
      "",
    ].join("\n"),
  );
});

it("shows headings alone when there is nothing", async () => {
  await instance(42, "standalone", { fdb: () => [] });
  expect(await written((write) => showFdb(ALL, write))).toBe("MAC  PORT  NAME  ADDRESS  AGE\n");
});

it("prints JSON as it came", async () => {
  await instance(42, "standalone", { fdb: () => fdb });
  expect(JSON.parse(await written((write) => showFdb({ json: true, pid: undefined }, write)))).toEqual(fdb);
});
