/** What the shells themselves make of the completions. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildProgram } from "../../src/cli/program.js";
import { bashCompletion, fishCompletion, zshCompletion } from "../../src/package/completion.js";
import { specOf } from "../../src/package/spec.js";

const root = specOf(await buildProgram());
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-completion-"));
fs.writeFileSync(path.join(dir, "tsproxy.bash"), bashCompletion(root));
fs.writeFileSync(path.join(dir, "_tsproxy"), zshCompletion(root));
fs.writeFileSync(path.join(dir, "tsproxy.fish"), fishCompletion(root));
fs.writeFileSync(path.join(dir, "some-file"), "");
afterAll(() => fs.rmSync(dir, { recursive: true }));

const has = (program: string): boolean => (process.env.PATH ?? "").split(":").some((folder) => fs.existsSync(`${folder}/${program}`));
const run = (program: string, args: string[]): string => execFileSync(program, args, { cwd: dir, encoding: "utf8", timeout: 20_000 });

/** Words that bash offers for the last one. */
function bash(...words: string[]): string[] {
  const script = `. ./tsproxy.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tsproxy; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return lines(run("bash", ["-c", script, "bash", ...words]));
}

function fish(line: string): string[] {
  const offered = lines(run("fish", ["--no-config", "-c", `source ./tsproxy.fish; complete -C '${line}'`]));
  return offered.map((row) => row.split("\t", 1)[0]!);
}

/** Words of each line after a Tab, from a zsh on a terminal of its own: it completes nowhere else. */
function zsh(...typed: string[]): string[][] {
  const script = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; unsetopt zle_bracketed_paste prompt_cr prompt_sp; fpath=($PWD \\$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w z "tsproxy() { print -rl -- '<' \\$@ '>' }; print READY\\$((1))"
zpty -r -m z out '*READY1*'
for line; do
  zpty -w -n z "$line"$'\\t\\n'
  zpty -r -m z out $'*\\n<*\\n>*'
  print -r -- $out
done`;
  const out = run("zsh", ["-f", "-c", script, "zsh", ...typed]).replaceAll("\r", "");
  return [...out.matchAll(/^<\n(.*?)^>$/gms)].map((match) => lines(match[1]!));
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

const commands = root.commands.map(({ name }) => name);

describe.skipIf(!has("bash"))(`bash${has("bash") ? "" : " (skipped: not installed)"}`, () => {
  it("offers commands and the main job's options at first", () => {
    expect(bash("tsproxy", "")).toEqual(expect.arrayContaining([...commands, "--publish", "-p", "--help"]));
    expect(bash("tsproxy", "d").sort()).toEqual(["daemon", "detach", "doctor"]);
  });

  it("offers a command's own options after it", () => {
    expect(bash("tsproxy", "daemon", "--off")).toEqual(["--offload"]);
    expect(bash("tsproxy", "stats", "--publ")).toEqual([]);
    expect(bash("tsproxy", "-p", "8999:172.17.0.4:8080", "--rel")).toEqual(["--relay"]);
  });

  it("offers the options of a command below another, by the same table, and not those of a namesake", () => {
    expect(bash("tsproxy", "network", "").sort()).toEqual(expect.arrayContaining(["--help", "connect", "create", "ls"]));
    expect(bash("tsproxy", "network", "create", "--ip").sort()).toEqual(["--ip-range", "--ipv4", "--ipv6"]);
    expect(bash("tsproxy", "network", "create", "--driver", "")).toEqual([]);
    expect(bash("tsproxy", "network", "rm", "--fo")).toEqual([]);
    expect(bash("tsproxy", "rm", "--fo")).toEqual(["--force"]);
  });

  it("offers files where an option takes one, and nothing where it takes another value", () => {
    expect(bash("tsproxy", "daemon", "--plugin-socket", "some")).toEqual(["some-file"]);
    expect(bash("tsproxy", "daemon", "--workers", "")).toEqual([]);
    expect(bash("tsproxy", "daemon", "--offload", "--work")).toEqual(["--workers"]); // its value may be left out
  });
});

describe.skipIf(!has("fish"))(`fish${has("fish") ? "" : " (skipped: not installed)"}`, () => {
  it("offers commands, a command's own options, and files where an option takes one", () => {
    expect(fish("tsproxy d").sort()).toEqual(["daemon", "detach", "doctor"]);
    expect(fish("tsproxy --pub")).toEqual(["--publish"]);
    expect(fish("tsproxy daemon --off")).toEqual(["--offload"]);
    expect(fish("tsproxy stats --publ")).toEqual([]);
    expect(fish("tsproxy network create --ip").sort()).toEqual(["--ip-range", "--ipv4", "--ipv6"]);
    expect(fish("tsproxy network conn")).toEqual(["connect"]);
    expect([fish("tsproxy network rm --fo"), fish("tsproxy rm --fo")]).toEqual([[], ["--force"]]);
    expect(fish("tsproxy daemon --plugin-socket some")).toEqual(["some-file"]);
  });
});

describe.skipIf(!has("zsh"))(`zsh${has("zsh") ? "" : " (skipped: not installed)"}`, () => {
  it("completes commands and a command's own options", () => {
    const typed = ["tsproxy dae", "tsproxy daemon --off", "tsproxy -p 8:192.0.2.4:8 --rel", "tsproxy daemon --plugin-socket some"];
    expect(zsh(...typed, "tsproxy network conn", "tsproxy network create --subn", "tsproxy network rm --fo")).toEqual([
      ["daemon"],
      ["daemon", "--offload"],
      ["-p", "8:192.0.2.4:8", "--relay"],
      ["daemon", "--plugin-socket", "some-file"],
      ["network", "connect"],
      ["network", "create", "--subnet"],
      ["network", "rm", "--fo"],
    ]);
  }, 20_000);
});
