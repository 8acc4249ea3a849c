import { expect, it } from "vitest";
import { foregroundCommand } from "../../../src/cli/commands/foreground.js";
import type { RunConfig } from "../../../src/standalone/config.js";

async function parse(args: string): Promise<RunConfig> {
  let config: RunConfig | undefined;
  await foregroundCommand(async (given) => {
    config = given;
  }).parseAsync(["node", "tsproxy", ...args.split(" ")]);
  return config!;
}

it("takes every option, the repeatable ones several times", async () => {
  const config = await parse(
    "-p 80:172.17.0.4:80 --publish 53:172.17.0.5:53/udp --network 172.17.0.0/16 --endpoint web=172.17.0.4 --endpoint 12=172.17.0.5 --allow-from 10.0.0.0/8 --allow-from 192.0.2.1 --workers 1 --masquerade-ports 50000-50999 --mtu 1400 --conntrack-max 500 --ready-fd 3 --relay --json",
  );
  expect(config).toMatchObject({
    publish: [
      { hostPort: 80, proto: "tcp" },
      { hostPort: 53, proto: "udp" },
    ],
    network: { mtu: 1400 },
    endpoints: [{ netns: "web" }, { netns: "12" }],
    allowFrom: [{ prefixLength: 8 }, { prefixLength: 32 }],
    workers: 1,
    masqueradePorts: { first: 50000, last: 50999 },
    conntrackMax: 500,
    readyFd: 3,
    offload: "auto",
    relay: true,
    json: true,
  } satisfies { [K in keyof RunConfig]?: unknown });
});

it("starts afresh for each parse", async () => {
  await parse("-p 80:172.17.0.4:80");
  expect((await parse("-p 81:172.17.0.4:80")).publish).toHaveLength(1);
});
