/** What must hold of every store of the model: run it with a way to open one place again and again, as another process would. */
import { expect, it } from "vitest";
import type { EndpointRecord, NetworkRecord } from "../../src/model/records.js";
import { DEFAULT_OPTIONS } from "../../src/model/records.js";
import type { Store } from "../../src/model/store.js";
import { ip, subnet } from "../support/ip.js";

export interface Place {
  /** A store of a new process. */
  open(): Store;
  /** The machine boots. */
  reboot(): void;
  /** Makes every change fail, until it is called with false. */
  breakDown(broken: boolean): void;
}

export const network = (id: string, change: Partial<NetworkRecord> = {}): NetworkRecord => ({
  id: id.repeat(12),
  subnets: { ipv4: subnet("172.18.0.0/16") },
  options: { ...DEFAULT_OPTIONS },
  ...change,
});

export const endpoint = (id: string, change: Partial<EndpointRecord> = {}): EndpointRecord => ({
  id: id.repeat(12),
  network: "n".repeat(12),
  addresses: { ipv4: ip("172.18.0.2") },
  mac: "02:42:ac:12:00:02",
  device: `tsp${id.repeat(11)}`,
  multiQueue: false,
  sandbox: "",
  ports: [],
  ...change,
});

export function storeContract(place: () => Place): void {
  it("is empty at first", async () => {
    expect(await place().open().load()).toEqual({ networks: [], endpoints: [] });
  });

  it("gives back what was committed, every field of it, to this process and the next", async () => {
    const p = place();
    const store = p.open();
    const full = network("n", {
      name: "shop",
      options: { ...DEFAULT_OPTIONS, mtu: 1400, internal: true, attach: "tap", hostBinding: ip("192.0.2.1"), hostDevice: "shop0" },
    });
    const both = network("b", {
      subnets: { ipv4: subnet("172.19.0.0/16"), ipv6: subnet("fd00:19::/64", "fd00:19::ff") },
      options: { ...DEFAULT_OPTIONS, outside: { ipv4: ip("192.0.2.1"), ipv6: ip("2001:db8::1") } },
    });
    const ipv6 = network("c", { subnets: { ipv6: subnet("fd00:20::/112") } });
    const port = { hostPort: 80, hostPortEnd: 89, targetPort: 8080, targetPortEnd: 8089, proto: "tcp" } as const;
    const addresses = { ipv4: ip("172.19.0.2"), ipv6: ip("fd00:19::2") };
    const ports = [
      { ...port, hostIp: ip("0.0.0.0"), targetIp: addresses.ipv4 },
      { ...port, hostIp: ip("fe80::1"), hostZone: "eth0", targetIp: addresses.ipv6 },
    ];
    const joined = endpoint("e", { addresses, sandbox: "/run/netns/web", multiQueue: true, ports });
    await store.load();
    await store.commit({ putNetworks: [full, both, ipv6], putEndpoints: [joined] });
    expect(await store.load()).toEqual({ networks: [full, both, ipv6], endpoints: [joined] });
    expect(await p.open().load()).toEqual({ networks: [full, both, ipv6], endpoints: [joined] });
  });

  it("replaces a record by its id, in its place, and leaves the others", async () => {
    const p = place();
    const store = p.open();
    await store.load();
    await store.commit({ putNetworks: [network("a"), network("b")], putEndpoints: [endpoint("e")] });
    await store.commit({
      putNetworks: [network("a", { subnets: { ipv4: subnet("172.18.0.0/16", "172.18.0.9") } })],
      putEndpoints: [endpoint("f")],
    });
    expect(await p.open().load()).toEqual({
      networks: [network("a", { subnets: { ipv4: subnet("172.18.0.0/16", "172.18.0.9") } }), network("b")],
      endpoints: [endpoint("e"), endpoint("f")],
    });
  });

  it("removes records, and does not mind those that it has not", async () => {
    const p = place();
    const store = p.open();
    await store.load();
    await store.commit({ putNetworks: [network("a"), network("b")], putEndpoints: [endpoint("e"), endpoint("f")] });
    await store.commit({ removeNetworks: [network("a").id, "nosuch"], removeEndpoints: [endpoint("f").id, "nosuch"] });
    expect(await p.open().load()).toEqual({ networks: [network("b")], endpoints: [endpoint("e")] });
  });

  it("puts and removes with one change", async () => {
    const p = place();
    const store = p.open();
    await store.load();
    await store.commit({ putNetworks: [network("a")], putEndpoints: [endpoint("e")] });
    await store.commit({ putEndpoints: [endpoint("f")], removeEndpoints: [endpoint("e").id], removeNetworks: [network("a").id] });
    expect(await p.open().load()).toEqual({ networks: [], endpoints: [endpoint("f")] });
  });

  it("keeps nothing of a change that fails, also not for the next one", async () => {
    const p = place();
    const store = p.open();
    await store.load();
    await store.commit({ putNetworks: [network("a")], putEndpoints: [endpoint("e")] });
    p.breakDown(true);
    const change = { putNetworks: [network("b")], removeNetworks: [network("a").id], removeEndpoints: [endpoint("e").id] };
    await expect(store.commit(change)).rejects.toMatchObject({ code: "TSP_ERR_STATE", kind: "unavailable" });
    p.breakDown(false);
    const before = { networks: [network("a")], endpoints: [endpoint("e")] };
    expect(await p.open().load()).toEqual(before);
    await store.commit({ putEndpoints: [endpoint("f")] });
    expect(await p.open().load()).toEqual({ networks: [network("a")], endpoints: [endpoint("e"), endpoint("f")] });
  });

  it("keeps networks over a reboot, and not endpoints, whose devices ended with the kernel", async () => {
    const p = place();
    const store = p.open();
    await store.load();
    await store.commit({ putNetworks: [network("a")], putEndpoints: [endpoint("e")] });
    p.reboot();
    const after = p.open();
    expect(await after.load()).toEqual({ networks: [network("a")], endpoints: [] });
    await after.commit({ putEndpoints: [endpoint("f")] });
    expect(await p.open().load()).toEqual({ networks: [network("a")], endpoints: [endpoint("f")] });
  });
}
