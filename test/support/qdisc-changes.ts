/** Qdiscs of the host's devices as they come and go. */
import type { Case } from "./cases.js";
import { eventually } from "./proc.js";

const DEVICES = ["lo", "eth0", "eth1", "docker0"] as const;

/** Answers what came, "+", and went, "-", so far on each of DEVICES. */
export async function watchQdiscs(c: Case): Promise<() => Promise<Record<string, string>>> {
  const monitor = c.lab.start(c.host, ["tc", "monitor"]);
  let asked = 0;
  /** When the kernel tells of this, it has told of all that was before. */
  const told = async (): Promise<void> => {
    const device = `asked${asked++}`;
    c.lab.ip(c.host, `link add ${device} type bridge`);
    const isTold = (): boolean => new RegExp(`^(added )?qdisc clsact .*dev ${device} `, "m").test(monitor.stdout);
    const tell = (): void => {
      c.lab.runSync(c.host, ["tc", "qdisc", "add", "dev", device, "clsact"]);
      c.lab.runSync(c.host, ["tc", "qdisc", "del", "dev", device, "clsact"]);
    };
    await eventually("the kernel tells of qdiscs", async () => {
      tell(); // once more, while the monitor has not begun yet
      return isTold();
    });
    c.lab.ip(c.host, `link del ${device}`);
  };
  await told();
  return async () => {
    await told();
    const lines = monitor.stdout.split("\n").filter((line) => line.includes("qdisc clsact "));
    const changes = (device: string): string =>
      lines.map((line) => (!line.includes(` dev ${device} `) ? "" : line.startsWith("deleted ") ? "-" : "+")).join("");
    return Object.fromEntries(DEVICES.map((device) => [device, changes(device)]));
  };
}

/** The same of each of DEVICES, with what is different. */
export const each = (changes: string, more: Record<string, string> = {}): Record<string, string> => ({
  ...Object.fromEntries(DEVICES.map((device) => [device, changes])),
  ...more,
});
