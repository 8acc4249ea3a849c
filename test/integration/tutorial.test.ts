/** docs/tutorial.md, command by command: what the page shows is what happens. */
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { COMMAND, ROOT } from "../support/paths.js";
import { SandboxHost } from "../support/sandbox-host.js";

interface Step {
  /** `host` or `client`. */
  where: string;
  command: string;
  /** As the page has it; `…` stands for anything. */
  output: string;
}

/** By section. */
function parseTutorial(): { title: string; steps: Step[] }[] {
  const sections = fs.readFileSync(path.join(ROOT, "docs/tutorial.md"), "utf8").split(/^## /m).slice(1);
  return sections.map((section) => {
    const blocks = [...section.matchAll(/^```console\n([\s\S]*?)^```/gm)].map(([, block]) => block!).join("");
    const steps = blocks.split(/^(?=\w+# )/m).map((text): Step => {
      const [first = "", ...lines] = text.split("\n");
      const [, where = "", command = ""] = /^(\w+)# (.*)$/.exec(first) ?? [];
      return { where, command, output: lines.join("\n") };
    });
    return { title: section.split("\n", 1)[0]!, steps };
  });
}

/** The page's output as a pattern. Blanks between columns may differ: they are as wide as the longest word. */
function pattern(output: string): RegExp {
  const escaped = output.trim().replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/[ \t]+/g, "[ \\t]+").replaceAll("…", "[\\s\\S]*")}\\s*$`);
}

let h: SandboxHost;
beforeAll(async () => {
  h = await SandboxHost.start([], { ownRun: true });
  fs.writeFileSync(path.join(h.lab.dir, "tsproxy"), `#!/bin/sh\nexec ${COMMAND} "$@"\n`, { mode: 0o755 });
});
afterAll(() => h.close());

it.each(parseTutorial())("$title", async ({ steps }) => {
  expect(steps.length).toBeGreaterThan(1);
  for (const { where, command, output } of steps) {
    const ns = { host: h.host, client: h.client }[where];
    expect(ns, `${where}# ${command}`).toBeDefined();
    const env = { PATH: `${h.lab.dir}:${process.env.PATH}` };
    const result = await h.lab.run(ns!, [...h.wrap, "sh", "-c", command], { env });
    expect(result.stdout, `${where}# ${command}\n${result.stderr}`).toMatch(pattern(output));
    if (!command.includes("|| echo")) expect([result.code, result.stderr], command).toEqual([0, ""]);
  }
});
