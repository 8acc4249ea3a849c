/** Addresses that another plugin manages (CNI spec, section 4): it is run as a runtime runs one. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CniError, CODES, type Environment } from "./contract.js";

export interface Lease {
  /** `10.77.0.5/24` */
  address: string;
  gateway: string | undefined;
}

const TIMEOUT_MS = 10_000;

/** Throws CniError: what the plugin says, or that there is none. */
export async function delegate(
  command: "ADD" | "DEL" | "CHECK",
  type: string,
  config: string,
  environment: Environment,
): Promise<Lease | undefined> {
  const file = environment.path.map((folder) => join(folder, type)).find((each) => folderOf(each) && existsSync(each));
  if (file === undefined || type.includes("/"))
    throw new CniError(CODES.invalidConfig, `failed to find plugin "${type}" in path [${environment.path.join(" ")}]`);
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: environment.containerId,
    CNI_NETNS: environment.netns,
    CNI_IFNAME: environment.ifname,
    CNI_ARGS: [...environment.args].map(([key, value]) => `${key}=${value}`).join(";"),
    CNI_PATH: environment.path.join(":"),
    PATH: process.env.PATH ?? "",
  };
  const { failed, stdout, stderr } = await run(file, env, config);
  const answer = parse(stdout);
  if (failed)
    throw new CniError(
      numberOf(answer.code) ?? CODES.internal,
      String(answer.msg ?? `plugin ${type} failed: ${stderr || stdout}`),
      String(answer.details ?? ""),
    );
  if (command !== "ADD") return undefined;
  const [ip] = (answer.ips ?? []) as { address?: string; gateway?: string }[];
  if (ip?.address === undefined) throw new CniError(CODES.internal, `plugin ${type} gave no address`, stdout);
  return { address: ip.address, gateway: ip.gateway };
}

function run(file: string, env: Record<string, string>, input: string): Promise<{ failed: boolean; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(file, { env, timeout: TIMEOUT_MS }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, stdout, stderr }),
    );
    child.stdin?.on("error", () => {}); // it ended before it read all
    child.stdin?.end(input);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** An empty word in CNI_PATH is no folder. */
function folderOf(file: string): boolean {
  return file.startsWith("/");
}
