/** `tsproxy install`: writes the systemd units for this very copy of tsproxy and says what comes next. */
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { TsproxyError } from "../../errors.js";
import { BUILD_COMMAND, launcherFile } from "../../sys/native-files.js";
import { CliCommand } from "../command.js";
import { stdout, type Write } from "../show.js";

const UNITS = ["tsproxy.socket", "tsproxy.service"];

export interface InstallOptions {
  /** Put before `/etc/systemd/system`: for a package, or an image. */
  prefix: string;
}

export function installCommand(): CliCommand {
  return new CliCommand("install", "Write systemd units, and say what comes next")
    .option("--prefix <dir>", "Put this before /etc/systemd/system", "/")
    .example("Let systemd start the daemon, at boot and for Docker", "tsproxy install")
    .action((options: InstallOptions) => install(options));
}

export function install({ prefix }: InstallOptions, write: Write = stdout): void {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const command = [process.execPath, path.join(root, "dist/cli/main.js")].map((file) => realpathSync(file));
  const strange = command.find((file) => /[\s"'\\%$]/.test(file));
  if (strange !== undefined)
    throw new TsproxyError(
      "TSP_ERR_INSTALL",
      "invalid",
      `a unit cannot name '${strange}'`,
      "install it in a folder without blanks or quotes",
    );
  const dir = path.join(prefix, "/etc/systemd/system");
  try {
    mkdirSync(dir, { recursive: true });
    for (const unit of UNITS) {
      const text = readFileSync(path.join(root, "docs/systemd", unit), "utf8");
      writeFileSync(path.join(dir, unit), text.replace("/usr/bin/tsproxy daemon", `${command.join(" ")} daemon`));
    }
  } catch (cause) {
    const denied = ["EACCES", "EPERM", "EROFS"].includes((cause as NodeJS.ErrnoException).code ?? "");
    const message = `cannot write to ${dir}: ${(cause as Error).message}`;
    throw new TsproxyError("TSP_ERR_INSTALL", denied ? "permission" : "unavailable", message, denied ? "run as root" : undefined, cause);
  }
  const launcher = launcherFile();
  write(`wrote ${UNITS.map((unit) => path.join(dir, unit)).join(" and ")}

Start it, now and at every boot:
  systemctl daemon-reload && systemctl enable --now tsproxy.socket tsproxy.service

Networks through tsproxy:
  docker network create -d tsproxy NAME

Published ports of Docker's own networks through tsproxy: in /etc/docker/daemon.json, then restart docker
  { "userland-proxy-path": "${launcher ?? "…/tsproxy-docker-proxy"}" }
${launcher === null ? `  (it is not compiled yet: ${BUILD_COMMAND})\n` : ""}`);
}
