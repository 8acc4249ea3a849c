import { describe, expect, it } from "vitest";
import { showPort } from "../../../src/cli/commands/port.js";
import { useInstances, written } from "../../support/instances.js";
import { ALL, daemon, known } from "../docker-fixture.js";

const instance = useInstances();

describe("tsproxy port", () => {
  const port = (word?: string): Promise<string> => written((write) => showPort(word, ALL, write, known));
  const lines = "80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n7000-7003/tcp -> 0.0.0.0:9000-9003\n";

  it.each(["web", "cccc", "e1e1"])("shows a container's ports as docker does, found by %s", async (word) => {
    await instance(1, "daemon", daemon);
    expect(await port(word)).toBe(lines);
  });

  it("shows all as a table", async () => {
    await instance(1, "daemon", daemon);
    expect(await port()).toMatch(/^CONTAINER +NETWORK +PORT\nweb +net +80\/tcp -> 0\.0\.0\.0:8080\n/);
  });

  it.each([
    ["nosuch", "not-found", /'nosuch'/],
    ["", "not-found", /no sandbox, container or endpoint ''/],
    ["e", "conflict", /'e' is the start of several ids/],
  ])("refuses '%s'", async (word, kind, says) => {
    await instance(1, "daemon", daemon);
    await expect(port(word)).rejects.toMatchObject({ kind, message: expect.stringMatching(says) });
  });
});
