/** `tsproxy install`: writes the systemd units for this very copy of tsproxy and says what comes next. */
import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { TsproxyError } from "../../errors.js";
import { makeFolder } from "../../make-folder.js";
import { BUILD_COMMAND, launcherFile, PACKAGE } from "../../sys/native-files.js";
import { CliCommand, usageError } from "../command.js";
import { stdout, type Write } from "../stdout.js";
import { ELSEWHERE, installCni, installNetavark, type PluginOptions } from "./install-cni.js";

const UNITS = ["tsproxy.socket", "tsproxy.service"];
const UNIT_FOLDER = "/etc/systemd/system";
/** Of the Debian package, which brings the units. */
const PACKAGED_UNITS = "/usr/lib/systemd/system";
const PACKAGED_LAUNCHER = "/usr/bin/tsproxy-docker-proxy";

/** `prefix` comes before `/etc/systemd/system`: for a package, or an image. */
export type InstallOptions = PluginOptions;

export function installCommand(): CliCommand {
  return new CliCommand("install", "Write systemd units, or a runtime's plugin, and say what comes next")
    .argument("[what]", "'cni': for Podman, containerd, CRI-O, nerdctl; 'netavark': for Podman 4.5")
    .option("--prefix <dir>", "Put this before /etc, /opt and /usr (/)", "/")
    .option("--remove", "Remove what it wrote")
    .example("Let systemd start the daemon, at boot and for Docker", "tsproxy install")
    .example("Give container runtimes a network of tsproxy's", "tsproxy install cni")
    .action((what: string | undefined, options: InstallOptions) => {
      rootOf(options);
      if (what === undefined) install(options);
      else if (what === "cni") installCni(options);
      else if (what === "netavark") installNetavark(options);
      else throw usageError(`there is no '${what}' to install`);
    });
}

export function install({ prefix, remove = false }: InstallOptions, write: Write = stdout): void {
  rootOf({ prefix });
  if (remove) {
    const there = UNITS.map((unit) => path.join(prefix, UNIT_FOLDER, unit)).filter((file) => existsSync(file));
    writing(path.join(prefix, UNIT_FOLDER), () => {
      for (const file of there) rmSync(file);
    });
    write(there.length === 0 ? "nothing to be removed\n" : `removed ${there.join(" and ")}; tell systemd: systemctl daemon-reload\n`);
    return;
  }
  const units = path.join(PACKAGE, "docs/systemd");
  const packaged = !existsSync(units);
  const files = packaged ? UNITS.map((unit) => path.join(PACKAGED_UNITS, unit)) : writeUnits(units, prefix);
  const launcher = packaged ? PACKAGED_LAUNCHER : launcherFile();
  write(`${packaged ? "the package has brought" : "wrote"} ${files.join(" and ")}

Start it, now and at every boot:
  ${packaged ? "" : "systemctl daemon-reload && "}systemctl enable --now tsproxy.socket tsproxy.service

Networks through tsproxy:
  docker network create -d tsproxy NAME

Published ports of Docker's own networks through tsproxy: in /etc/docker/daemon.json, then restart docker
  { "userland-proxy-path": "${launcher ?? "…/tsproxy-docker-proxy"}" }
${launcher === null ? `  (it is not compiled yet: ${BUILD_COMMAND})\n` : ""}`);
}

function rootOf({ prefix }: InstallOptions): void {
  if (prefix !== "") return;
  throw new TsproxyError("TSP_ERR_OPTION", "invalid", "--prefix '' names no folder", "leave it out, or name the image's root");
}

/** Units that start this very copy; paths of what was written. */
function writeUnits(units: string, prefix: string): string[] {
  const command = [process.execPath, path.join(PACKAGE, "dist/cli/main.js")].map((file) => realpathSync(file));
  const strange = command.find((file) => /[\s"'\\%$]/.test(file));
  if (strange !== undefined)
    throw new TsproxyError(
      "TSP_ERR_INSTALL",
      "invalid",
      `a unit cannot name '${strange}'`,
      "install it in a folder without blanks or quotes",
    );
  const dir = path.join(prefix, UNIT_FOLDER);
  return writing(dir, () => {
    makeFolder(dir);
    for (const unit of UNITS) {
      const text = readFileSync(path.join(units, unit), "utf8");
      writeFileSync(path.join(dir, unit), text.replace("/usr/bin/tsproxy daemon", `${command.join(" ")} daemon`));
    }
    return UNITS.map((unit) => path.join(dir, unit));
  });
}

function writing<T>(dir: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    const denied = ["EACCES", "EPERM", "EROFS"].includes((cause as NodeJS.ErrnoException).code ?? "");
    const message = `cannot write to ${dir}: ${(cause as Error).message}`;
    throw new TsproxyError("TSP_ERR_INSTALL", denied ? "permission" : "unavailable", message, denied ? "run as root" : ELSEWHERE, cause);
  }
}
