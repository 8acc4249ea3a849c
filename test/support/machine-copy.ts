/**
 * A copy of this machine's files to install into: an overlay over `/`, in a mount namespace of its own, whose upper side is memory. What is
 * written there is gone when its shell ends, and can be listed before.
 */
import fs from "node:fs";
import path from "node:path";
import type { Lab } from "./lab.js";
import type { Proc } from "./proc.js";

/** What dpkg, man-db and the loader keep for themselves. */
const KEPT = /^\/(var\/(lib\/dpkg|lib\/systemd|log|cache)|etc\/ld\.so\.cache|tmp|run)(\/|$)/;

export class MachineCopy {
  private runs = 0;

  private constructor(private readonly shell: Proc) {}

  /** In the network namespace `ns`; the lab's folder is `/mnt` there. Throws where the kernel has no overlayfs. */
  static async make(lab: Lab, ns: string): Promise<MachineCopy> {
    const dir = path.join(lab.dir, "copy");
    const shell = lab.start(ns, ["unshare", "--mount", "--propagation", "private", "sh"], { input: "pipe" });
    const copy = new MachineCopy(shell);
    shell.write(`mkdir ${dir} && mount -t tmpfs tmpfs ${dir} && cd ${dir} && mkdir upper work root || exit
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root || exit
for name in proc sys dev; do mount --rbind /$name root/$name || exit; done
mount --bind ${lab.dir} root/mnt || exit
`);
    await copy.run("true");
    return copy;
  }

  /** Runs a command line as root in the copy, with the machine's own `PATH` and no input; throws when it fails. */
  async run(command: string): Promise<string> {
    const { code, output } = await this.attempt(command);
    if (code !== 0) throw new Error(`'${command}' exits with ${code}: ${output}${this.shell.stderr}`);
    return output;
  }

  /** The same; failing is an answer. */
  async attempt(command: string): Promise<{ code: number; output: string }> {
    const mark = `--${++this.runs}--`;
    const from = this.shell.stdout.length;
    this.shell.write(`chroot root sh -c ${quote(command)} </dev/null 2>&1; echo "${mark} $?"\n`);
    const done = new RegExp(`${mark} (\\d+)\n`);
    await this.shell.until(`the end of '${command}'`, () => done.test(this.shell.stdout), 30_000);
    const code = Number(done.exec(this.shell.stdout)?.[1]);
    return { code, output: this.shell.stdout.slice(from, this.shell.stdout.indexOf(mark, from)) };
  }

  /** Files that differ from the machine's, or are gone, and folders that it has not; but for what dpkg and its like keep. */
  async changes(): Promise<string[]> {
    const mark = `--${++this.runs}--`;
    const from = this.shell.stdout.length;
    this.shell.write(`find upper -mindepth 1 -printf '%y/%P\\n'; echo "${mark}"\n`);
    await this.shell.until("the list of changes", () => this.shell.stdout.includes(`${mark}\n`));
    const lines = this.shell.stdout.slice(from, this.shell.stdout.indexOf(mark, from)).split("\n");
    return lines
      .map((line) => ({ isFolder: line.startsWith("d"), file: line.slice(1) }))
      .filter(({ isFolder, file }) => file !== "" && !KEPT.test(file) && !(isFolder && fs.existsSync(file)))
      .map(({ file }) => file)
      .sort();
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
