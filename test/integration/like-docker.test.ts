/**
 * One list of commands, given to Docker with its own bridge and to tsproxy without Docker: what comes out is the same, errors in Docker's words, but for the
 * differences that are listed here, and argued in docs/networks.md. Docker's client is a newer one than its daemon in Debian 12 (20.10).
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Dockerd, dockerObstacle, IMAGE } from "../support/dockerd.js";
import { Lab } from "../support/lab.js";
import type { Proc } from "../support/proc.js";
import { CLIENT, HOST, SandboxHost } from "../support/sandbox-host.js";
import { program } from "../support/servers.js";

const get = (url: string): string => `busybox timeout 1 busybox wget -qO- http://${url}/hostname`;
const SERVE = "-- busybox httpd -f -h /etc";

/** A command a line; for Docker `--` is the image. `host URL` and `client URL` ask from the host, and from another on its LAN. */
const COMMANDS = `
network create --subnet 10.90.0.0/24 shop
network create --subnet 10.91.0.0/24 back
network create --subnet 10.92.0.0/24 --internal inner
network create --subnet 10.93.0.0/24 -o com.docker.network.bridge.enable_icc=false apart
network create shop
network create --subnet 10.90.0.0/25 n1
network create --subnet 10.94.0.0/33 n2
network create --gateway 10.1.0.1 n3
network create --subnet 10.94.0.0/24 --gateway 10.95.0.1 n4
network create --subnet 10.94.0.1/24 n5
network create bridge
network rm bridge
network rm nowhere
network inspect nowhere
run -d --name web --hostname web --network shop --network-alias www -p 8999:80 ${SERVE}
run -d --name db --hostname db --network shop --ip 10.90.0.77 ${SERVE}
run -d --name far --hostname far --network back ${SERVE}
run -d --name ap1 --hostname ap1 --network apart ${SERVE}
run -d --name ap2 --hostname ap2 --network apart ${SERVE}
run -d --name old --hostname old ${SERVE}
run -d --name young --hostname young --link old:elder ${SERVE}
run -d --name web --network shop -- busybox true
run -d --name xa --network shop --ip 10.90.0.77 -- busybox true
run -d --name xb --network shop --ip banana -- busybox true
run -d --name x1 --ip 172.17.0.99 -- busybox true
run -d --name x2 --network nowhere -- busybox true
run -d --name x3 --network shop -p 8999:80 -- busybox true
run -d --name x4 --network-alias foo -- busybox true
run -d --name x5 --network container:nowhere -- busybox true
run -d --name x6 --network container:web -p 1:1 -- busybox true
run -d --name x7 --network shop --mac-address banana -- busybox true
run -d --name x8 --link nowhere -- busybox true
run -d --name x9 -p 99999:80 -- busybox true
run -d --name x9 -p 80-81:80-85 -- busybox true
run -d --name x9 --network host --link web -- busybox true
run -d --name x9 --dns banana -- busybox true
run -d --name x9 --add-host banana -- busybox true
run -d --name bad/name -- busybox true
run --rm --network none -- busybox ip -o link
run --rm --network container:web -- busybox hostname
run --rm --network host -p 7777:80 -- busybox true
run --rm --network inner -- busybox ping -c1 -W1 10.90.0.2
exec db ${get("web")}
exec db ${get("www")}
exec db ${get("web.shop")}
exec db ${get("WEB")}
exec db ${get("far")}
exec db cat /etc/resolv.conf
exec db busybox ip route
exec far ${get("10.90.0.2")}
exec far ${get(`${HOST}:8999`)}
exec web ${get("10.90.0.1:8999")}
exec ap1 ${get("10.93.0.3")}
exec ap1 ${get("10.93.0.1")}
exec young ${get("elder")}
exec young ${get("old")}
exec old busybox nslookup young 127.0.0.1
exec old cat /etc/resolv.conf
host 127.0.0.1:8999
host 10.90.0.2
client ${HOST}:8999
client ${HOST}:80
network connect back web
network connect back web
network connect nowhere web
network connect shop nobody
network connect host web
network connect --alias late --ip 10.91.0.50 back db
exec far ${get("web")}
exec far ${get("late")}
exec web busybox ip route
network disconnect back web
network disconnect back web
network disconnect shop nobody
exec far ${get("web")}
network rm shop
network disconnect shop web
exec web busybox ip -o -4 route
network connect shop web
network connect shop web
port web
stop -t 0 far
exec far true
rm far
rm -f web db ap1 ap2 old young
network rm shop back apart
`
  .trim()
  .split("\n");

/** What differs on purpose: what Docker says, and what we say. */
const DIFFERENCES: Record<string, [docker: RegExp, ours: RegExp]> = {
  "network create --subnet 10.94.0.0/33 n2": [
    /^invalid subnet 10.94.0.0\/33 : invalid cidr address/,
    /^invalid subnet 10.94.0.0\/33: invalid cidr block notation/,
  ],
  "network create --subnet 10.94.0.0/24 --gateway 10.95.0.1 n4": [
    /^no matching subnet for gateway 10.95.0.1/,
    /^invalid gateway 10.95.0.1: parent subnet/,
  ],
  // Docker 25 and later, in our words.
  "network create --subnet 10.94.0.1/24 n5": [/^id$/, /^invalid subnet 10.94.0.1\/24: it should be 10.94.0.0\/24/],
  // 20.10 has a default route there, to nowhere; later ones have none, as ours.
  "run --rm --network inner -- busybox ping -c1 -W1 10.90.0.2": [/100% packet loss/, /network is unreachable/],
  "run -d --name x9 --add-host banana -- busybox true": [
    /^invalid argument "banana" for "--add-host" flag: bad format/,
    /^bad format for add-host: "banana"/,
  ],
};

interface Outcome {
  failed: boolean;
  text: string;
}
type Call = (words: string[]) => Promise<Outcome>;

const obstacle = dockerObstacle();
let lab: Lab;
let docker: Dockerd;
let h: SandboxHost;
let shell: Proc;

beforeAll(async () => {
  if (obstacle !== undefined) return;
  lab = new Lab();
  const [host, client] = [lab.addNamespace("host"), lab.addNamespace("client")];
  lab.link(host, "lan0", client, "lan0");
  lab.ip(host, `address add ${HOST}/24 dev lan0`);
  lab.ip(client, `address add ${CLIENT}/24 dev lan0`);
  [docker, h] = await Promise.all([Dockerd.start(lab, host), SandboxHost.start()]);
  shell = h.lab.start(h.host, [process.execPath, program("tsproxy-shell")], { input: "pipe" });
}, 60_000);

afterAll(async () => {
  if (obstacle !== undefined) return;
  shell.endInput();
  await docker.remove();
  await Promise.all([lab.close(), h.close()]);
});

async function fetched(where: Lab, ns: string, url: string): Promise<Outcome> {
  const { code, stdout } = await where.run(ns, ["curl", "-s", "-m", "1", "--noproxy", "*", `http://${url}/hostname`]);
  return { failed: code !== 0, text: stdout.trim() };
}

/** Docker's, without what its client puts around what the daemon says. */
const theirs: Call = async (words) => {
  if (words[0] === "host" || words[0] === "client")
    return fetched(lab, words[0] === "host" ? docker.ns : `${docker.ns.slice(0, -4)}client`, words[1]!);
  const at = words.indexOf("--");
  const { code, stdout, stderr } = await docker.docker(at === -1 ? words : words.with(at, IMAGE));
  const lines = `${stdout}${stderr}`.split("\n").filter((line) => !/^($|Run 'docker|Usage:|exit status|\[\]$)/.test(line));
  if (code !== 0 && /^[0-9a-f]{64}$/.test(lines[0] ?? "")) lines.shift(); // it was made, and could not be started
  return { failed: code !== 0, text: lines.join("\n").replace(/^(docker: )?(Error response from daemon: )?/, "") };
};

/** Ours: what went wrong, then what to do about it. */
const ours: Call = async (words) => {
  if (words[0] === "host" || words[0] === "client") return fetched(h.lab, words[0] === "host" ? h.host : h.client, words[1]!);
  const [out, error] = [shell.stdout.length, shell.stderr.length];
  shell.write(`${JSON.stringify(words)}\n`);
  const end = /\nEND (-?\d+)\n$/;
  await shell.until("an end", () => end.test(shell.stdout.slice(out)) && end.test(shell.stderr.slice(error)), 20_000);
  const text = [shell.stdout.slice(out), shell.stderr.slice(error)].map((part) => part.replace(end, "").trim()).join("\n");
  return { failed: end.exec(shell.stdout.slice(out))![1] !== "0", text: text.trim().replace(/^tsproxy: /, "") };
};

/** Ids and blanks are nobody's words; ours are sandboxes. */
function plain(text: string): string {
  return text
    .replace(/\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b/g, "ID")
    .replaceAll("sandbox", "container")
    .replaceAll('"/', '"')
    .replace(/ +$/gm, "")
    .replace(/ {2,}/g, " ")
    .replace(/^driver failed programming external connectivity on endpoint \w+ \(ID\): |^could not get container for \w+: /, "")
    .replace(" id ID ", " ")
    .replace(/\. You have/, ": You have")
    .toLowerCase()
    .trim();
}

it("does what Docker does with its bridge, and says what Docker says", { timeout: 120_000 }, async (ctx) => {
  if (obstacle !== undefined) ctx.skip(obstacle);
  const all = async (call: Call): Promise<Outcome[]> => {
    const outcomes: Outcome[] = [];
    for (const command of COMMANDS) outcomes.push(await call(command.split(" ")));
    return outcomes;
  };
  const [docks, owns] = await Promise.all([all(theirs), all(ours)]);
  const differ: Record<string, [string, string]> = {};
  for (const [i, command] of COMMANDS.entries()) {
    const [dock, own] = [docks[i]!, owns[i]!].map(({ failed, text }) => ({ failed, text: plain(text) })) as [Outcome, Outcome];
    const same = dock.failed === own.failed && (dock.failed ? own.text.includes(dock.text) : own.text === dock.text);
    const known = DIFFERENCES[command];
    if (known === undefined ? same : !same && known[0].test(dock.text) && known[1].test(own.text)) continue;
    differ[`${i} ${command}`] = [`${dock.failed} ${dock.text}`, `${own.failed} ${own.text}`];
  }
  expect(differ).toEqual({});
  expect(docks.map(({ failed }) => failed)).toContain(true);
});
