import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../src/cli/program.js";
import { debianChangelog, parseChangelog } from "../../src/package/changelog.js";
import { manPage } from "../../src/package/man.js";
import { type CommandSpec, specOf } from "../../src/package/spec.js";

const root = specOf(await buildProgram());
const hasMan = fs.existsSync("/usr/bin/man");

/** The page as man shows it, unwrapped as far as a wide terminal goes; throws when groff warns. */
function render(page: string): string {
  const env = { ...process.env, MANWIDTH: "200", MANROFFOPT: "-ww", LC_ALL: "C.UTF-8", MAN_KEEP_STDERR: "1" };
  return execFileSync("sh", ["-c", "man --warnings=w -P cat -l - 2>&1"], { input: page, encoding: "utf8", env });
}

describe.skipIf(!hasMan)(`the man page${hasMan ? "" : " (skipped: man is not installed)"}`, () => {
  it("names every command, option and example", () => {
    const page = render(manPage(root, "1.2.3", "2026-01-02"));
    expect(page).toContain("tsproxy 1.2.3");
    expect(page).toContain("2026-01-02");
    const words = (command: CommandSpec): string[] => [
      ...command.options.flatMap(({ long }) => long ?? []),
      ...command.examples.flatMap(({ lines }) => lines),
    ];
    expect([root, ...root.commands].flatMap(words).filter((word) => !page.includes(word))).toEqual([]);
    expect(root.commands.filter(({ name }) => !page.includes(`   tsproxy ${name} `))).toEqual([]);
  });

  it("shows what would be roff as it is", () => {
    const spec = { ...root, notes: [".TH is no request here, nor 'this", "a\\b -c"], commands: [] };
    const page = render(manPage(spec, "1", "2026-01-02"));
    expect(page).toContain(".TH is no request here, nor 'this");
    expect(page).toContain("a\\b -c");
  });
});

describe("the changelog", () => {
  const text =
    "# Changelog\n\nText.\n\n## 0.2.0 (2026-12-24)\n\n- One\n  thing with `code`.\n- Another.\n\n## 0.1.0 (2026-11-25)\n\nWords.\n\n- First.\n";

  it("is read release by release, newest first", () => {
    expect(parseChangelog(text)).toEqual([
      { version: "0.2.0", date: "2026-12-24", items: ["One thing with 'code'.", "Another."] },
      { version: "0.1.0", date: "2026-11-25", items: ["First."] },
    ]);
  });

  it("becomes Debian's (deb-changelog(5))", () => {
    expect(debianChangelog(parseChangelog(text), "A B <a@b.org>")).toBe(
      "tsproxy (0.2.0) unstable; urgency=medium\n\n  * One thing with 'code'.\n  * Another.\n\n -- A B <a@b.org>  Thu, 24 Dec 2026 12:00:00 +0000\n\n" +
        "tsproxy (0.1.0) unstable; urgency=medium\n\n  * First.\n\n -- A B <a@b.org>  Wed, 25 Nov 2026 12:00:00 +0000\n",
    );
  });
});
