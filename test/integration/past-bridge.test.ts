/** Packets go to containers past their bridge, and over it as soon as somebody could tell. */
import { expect } from "vitest";
import { onTsproxy } from "../support/cases.js";
import { connect } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";
import { startInstance } from "../support/tsproxy.js";

const PORT = 8999;

onTsproxy("delivers past the bridge", "kernel", async (c) => {
  const instance = await startInstance(c.lab, c.host, ["-p", `${PORT}:${ADDR.c1}:8080`, "--offload"]);
  await serve(c.lab, c.c1, "tcp", 8080);
  const connections = await connect(c.lab, c.client, ADDR.host, PORT);
  let n = 0;
  await eventually("packets go past the bridge", async () => {
    await connections.exchange(`more${n++}.`);
    return (await instance.stats()).steering!["past-bridge"]! > 10;
  });
  console.log((await instance.stats()).steering);
});
