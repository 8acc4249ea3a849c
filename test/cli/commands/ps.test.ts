import { describe, expect, it } from "vitest";
import { showPs } from "../../../src/cli/commands/ps.js";
import { useInstances, written } from "../../support/instances.js";
import { ALL, daemon, known, unknown } from "../docker-fixture.js";

const instance = useInstances();

describe("tsproxy ps", () => {
  it("shows networks and endpoints by the names that dockerd has for them", async () => {
    await instance(1, "daemon", daemon);
    expect(await written((write) => showPs(ALL, write, known))).toBe(
      `NETWORK ID    NAME  SUBNET                      GATEWAY                DEVICE            MTU  OPTIONS                           ENDPOINTS
aaaaaaaaaaaa  net   172.18.0.0/16,fd00:18::/64  172.18.0.1,fd00:18::1  tsnaaaaaaaaaaaa  1400  no-icc,no-masquerade,promiscuous          2

CONTAINER     NETWORK  ADDRESS                MAC                STATE   PORTS
web           net      172.18.0.2,fd00:18::2  02:42:ac:12:00:02  joined  0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 0.0.0.0:9000-9003->7000-7003/tcp
e2e2e2e2e2e2  net      fd00:18::3             02:42:ac:12:00:03  gone    -
`,
    );
  });

  it("shows ids when dockerd does not answer", async () => {
    await instance(1, "daemon", daemon);
    expect(await written((write) => showPs(ALL, write, unknown))).toMatch(/^e1e1e1e1e1e1 +aaaaaaaaaaaa +172/m);
  });

  it("prints the same as JSON", async () => {
    await instance(1, "daemon", daemon);
    const view = JSON.parse(await written((write) => showPs({ json: true, pid: undefined }, write, known)));
    expect(view).toMatchObject({ networks: [{ name: "net" }], endpoints: [{ container: "web", networkName: "net" }, { container: "" }] });
  });

  it("asks the daemon among several instances, and says when there is none", async () => {
    await instance(1, "standalone", daemon);
    await expect(showPs(ALL, () => {}, known)).rejects.toMatchObject({ code: "TSP_ERR_INSTANCE", kind: "not-found" });
    await instance(2, "daemon", daemon);
    expect(await written((write) => showPs(ALL, write, known))).toContain("web");
  });
});
