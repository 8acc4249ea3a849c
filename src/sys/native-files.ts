/**
 * Where the compiled parts of `native/` lie. A clone has those that it built itself (`native/build/`, by build.sh); a
 * package has one for each platform (`native/prebuilt/`, by prebuild.sh). What was built here goes first. Nothing is
 * loaded here, so that `tsproxy --version` and `install` need no addon.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The package's folder; `src/` and `dist/` lie side by side, so this holds in both. */
export const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const NATIVE = `${PACKAGE}native/`;
const LAUNCHER = "tsproxy-docker-proxy";
const SANDBOX = "tsproxy-sandbox";
const CNI = "tsproxy-cni";

/** The command that compiles what `native/` lacks. */
export const BUILD_COMMAND = `sh ${NATIVE}build.sh`;

/** Path of the addon that this process loads; null where none was built and the package has none for this platform. */
export function addonFile(folder = NATIVE, platform: string | undefined = undefined): string | null {
  return first(`${folder}build/tsproxy.node`, () => `${folder}prebuilt/${platform ?? platformName()}/tsproxy.node`);
}

/** Path of the docker-proxy launcher, which is static and so the same for every libc; null where there is none. */
export function launcherFile(folder = NATIVE, arch: string = process.arch): string | null {
  return first(`${folder}build/${LAUNCHER}`, () => `${folder}prebuilt/linux-${arch}/${LAUNCHER}`);
}

/** Path of the program that starts others in namespaces of their own; null where there is none. */
export function sandboxFile(folder = NATIVE, arch: string = process.arch): string | null {
  return first(`${folder}build/${SANDBOX}`, () => `${folder}prebuilt/linux-${arch}/${SANDBOX}`);
}

/** Path of the CNI plugin; null where there is none. */
export function cniFile(folder = NATIVE, arch: string = process.arch): string | null {
  return first(`${folder}build/${CNI}`, () => `${folder}prebuilt/linux-${arch}/${CNI}`);
}

/** As the folders in `native/prebuilt/` are called: `linux-x64-glibc`, `linux-arm64-musl`. */
export function platformName(): string {
  return `linux-${process.arch}-${libc()}`;
}

/** The libc that this process runs on: musl's loader, which is musl, is mapped. (`process.report` says it too, in 4 ms.) */
function libc(): "glibc" | "musl" {
  try {
    return /\/ld-musl-/.test(readFileSync("/proc/self/maps", "latin1")) ? "musl" : "glibc";
  } catch {
    return "glibc"; // no /proc
  }
}

function first(built: string, prebuilt: () => string): string | null {
  if (existsSync(built)) return built;
  const file = prebuilt();
  return existsSync(file) ? file : null;
}
