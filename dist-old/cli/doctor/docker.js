/**
 * The Docker side of `tsproxy doctor`. It asks what is in force: dockerd and the running tsproxy daemon by their sockets, and where Docker does
 * not say, dockerd's process and what it was started with. None of it is essential: tsproxy works without Docker.
 */
import path from "node:path";
import { TsproxyError } from "../../errors.js";
const PLUGIN_DIR = "/run/docker/plugins"; // pkg/plugins/discovery.go
const DEFAULT_SOCKET = `${PLUGIN_DIR}/tsproxy.sock`;
const DAEMON_JSON = "/etc/docker/daemon.json";
/** btime of /proc/stat has whole seconds, so a start is known to a second. */
const START_PRECISION_MS = 1000;
const RESTART = "restart docker: systemctl restart docker";
export async function checkDocker(checks, system) {
    const add = (name, finding) => void checks.push({ name, essential: false, ...finding });
    const [info, answer] = await askDockerd(system);
    add("Docker", answer);
    const dockerd = system.process();
    const [daemon, hidden] = await system.daemon().then((view) => [view, undefined], (error) => [undefined, unknown("a tsproxy runs that this user may not ask", error)]);
    add("Docker networks", hidden ?? checkDriver(system, dockerd, daemon));
    add("docker-proxy", dockerd === undefined
        ? notFound(info)
        : (checkProxies(system, dockerd, daemon, info) ?? good("Docker publishes ports through tsproxy")));
}
async function askDockerd(system) {
    try {
        const info = await system.info();
        return [info, good(`dockerd ${info.ServerVersion ?? ""} answers`.replace("  ", " "))];
    }
    catch (error) {
        const { kind, message, hint } = TsproxyError.of(error);
        if (kind === "permission")
            return [undefined, unknown("dockerd runs, but this user may not ask it", error)];
        return [undefined, missing(message, hint ?? "start docker, or set DOCKER_HOST")];
    }
}
/** Whether dockerd finds the daemon's network driver. */
function checkDriver(system, dockerd, daemon) {
    const socket = daemon?.pluginSocket;
    if (socket === undefined) {
        if (system.isHeld(DEFAULT_SOCKET))
            return good("'docker network create -d tsproxy' works: systemd starts the daemon when Docker asks");
        return missing("no tsproxy daemon runs", "start 'tsproxy daemon' as root; 'tsproxy install' lets systemd do it");
    }
    const elsewhere = missing(`the daemon (pid ${daemon?.pid}) serves ${socket}, and dockerd looks in ${PLUGIN_DIR} alone`, `start it with --plugin-socket ${DEFAULT_SOCKET}`);
    if (path.dirname(socket).replace(/^\/var\/run\//, "/run/") !== PLUGIN_DIR)
        return elsewhere;
    const works = good(`'docker network create -d ${path.basename(socket, ".sock")}' works`);
    if (dockerd === undefined)
        return works;
    try {
        return system.seesSame(dockerd, socket)
            ? works
            : missing(`dockerd (pid ${dockerd.pid}) does not see ${socket}`, "run both in one mount namespace");
    }
    catch {
        return works; // only root may look
    }
}
/** What keeps dockerd from publishing ports through tsproxy; undefined: nothing. */
function checkProxies(system, dockerd, daemon, info) {
    const file = flag(dockerd.args, "config-file") ?? DAEMON_JSON;
    const config = readConfig(system, dockerd, file);
    if ("finding" in config)
        return config.finding;
    const { settings, changed } = config;
    const told = new Map(Array.isArray(info?.FirewallBackend?.Info) ? info.FirewallBackend.Info : []);
    const says = (name, flagName, key) => {
        const value = told.get(name) ?? flag(dockerd.args, flagName) ?? settings[key];
        return value === undefined ? undefined : String(value);
    };
    if (changed && !told.has("EnableUserlandProxy"))
        return missing(`${file} was changed after dockerd started`, RESTART);
    if (says("EnableUserlandProxy", "userland-proxy", "userland-proxy") === "false")
        return missing("userland-proxy is false: Docker publishes ports by firewall rules alone, and starts no proxy", `take "userland-proxy": false out of ${file} (or off dockerd's command line), and restart docker`);
    const proxy = says("UserlandProxyPath", "userland-proxy-path", "userland-proxy-path");
    const install = `'tsproxy install' prints the line for ${file}`;
    if (proxy === undefined)
        return missing("Docker publishes ports with its own docker-proxy", install);
    try {
        const program = system.programAs(dockerd, proxy);
        if (program === "absent")
            return missing(`userland-proxy-path is ${proxy}, and there is no such program`, install);
        if (program === "other")
            return missing(`Docker publishes ports with ${proxy}, which is not tsproxy's`, install);
    }
    catch (error) {
        return unknown(`this user may not look at ${proxy}`, error);
    }
    const others = dockerd.proxies.filter((used) => used !== proxy).length;
    if (others > 0)
        return missing(`${others} ports are still published with another proxy`, RESTART);
    const launchers = dockerd.runDir === undefined ? undefined : path.join(dockerd.runDir, "docker-proxy.sock");
    if (launchers !== undefined && daemon?.launcherSocket !== undefined && daemon.launcherSocket !== launchers)
        return missing(`Docker's proxies look for the daemon at ${launchers}, and it is at ${daemon.launcherSocket}`, "give dockerd and the daemon the same TSPROXY_RUN_DIR");
    return undefined;
}
/** dockerd's configuration file, and whether it was changed since dockerd read it; or why it is of no use. */
function readConfig(system, dockerd, file) {
    let seen;
    try {
        seen = system.readAs(dockerd, file);
    }
    catch (error) {
        if (error.code === "ENOENT")
            return { settings: {}, changed: false };
        return { finding: unknown(`${file} cannot be read (${error.code})`, error) };
    }
    const changed = seen.changedAt > dockerd.startedAt + START_PRECISION_MS;
    try {
        const settings = JSON.parse(seen.text);
        if (typeof settings !== "object" || settings === null || Array.isArray(settings))
            throw new Error("it is no object");
        return { settings: settings, changed };
    }
    catch (error) {
        const meaning = `${file} is not JSON (${error.message}): dockerd will not start with it`;
        return { finding: missing(meaning, "mend the file, and restart docker") };
    }
}
/** Value of `--name=value`, `--name value`, or "true" for a bare `--userland-proxy`. */
function flag(args, name) {
    const at = args.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
    if (at < 0)
        return undefined;
    const arg = args[at];
    if (arg.includes("="))
        return arg.slice(arg.indexOf("=") + 1);
    return name === "userland-proxy" ? "true" : args[at + 1];
}
function notFound(info) {
    return { status: "unknown", meaning: info === undefined ? "needs dockerd" : "dockerd's process is not to be seen from here" };
}
function good(meaning) {
    return { status: "ok", meaning };
}
function missing(meaning, fix) {
    return { status: "missing", meaning, fix };
}
function unknown(meaning, error) {
    const hint = error instanceof TsproxyError ? error.hint : undefined;
    return { status: "unknown", meaning, fix: hint ?? "run as root" };
}
//# sourceMappingURL=docker.js.map