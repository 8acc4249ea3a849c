/**
 * Does anything answer at the published targets yet? Asked once before tsproxy is ready, of all targets at the same time,
 * for 300 ms at most. A TCP target is knocked at: the handshake is begun and not finished, so that a server which serves
 * one client and ends is still there for the real one (decision 0054). When that gets no answer, and for UDP, which cannot
 * be asked without disturbing the server, the target's host is asked by an ICMP echo; where the kernel lets us send none,
 * that question is left out.
 */
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { knockAt, meaningOf } from "../control/knock.js";
import { addressPort } from "../wire/address-port.js";
import { formatIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { Pinger } from "./ping.js";
const TIMEOUT_MS = 300;
/** A local handshake is settled by then, so that most probes need no echo. */
const SETTLED_MS = 50;
/** One result for each different target. Never rejects. */
export async function probeTargets(specs, { connect = false, ping } = {}) {
    const pinger = ping === undefined ? new Pinger(TIMEOUT_MS - SETTLED_MS) : { ping, close: () => { } };
    const targets = new Map(specs.flatMap(targetsOf));
    const ask = connect ? connectTo : (address, port) => knockAt(address, port, TIMEOUT_MS);
    const results = await Promise.all([...targets].map(([name, target]) => target.spec.proto === "tcp" ? probeTcp(name, target, ask, pinger.ping) : probeByPing(name, target, pinger.ping)));
    pinger.close();
    return results;
}
function targetsOf(spec) {
    const all = spec.several ?? eachFamily(spec.targets).map((ip) => ({ ip, port: spec.targetPort }));
    return all.map(({ ip, port }) => {
        const address = formatIp(ip);
        return [`${addressPort(address, port)}/${spec.proto}`, { spec, address, port }];
    });
}
async function probeTcp(name, { spec, address, port }, ask, ping) {
    const asking = ask(address, port);
    let result = await Promise.race([asking, sleep(SETTLED_MS, null, { ref: false })]);
    let up = null;
    if (result === null)
        [result, up] = await Promise.all([asking, ping(address)]);
    switch (result) {
        case "refused":
            return { spec, result, warning: `nothing answers at ${name} yet: connections will be refused until a server listens there` };
        case "silent":
            return {
                spec,
                result,
                warning: up
                    ? `${address} is up but ${name} is silent: a firewall there may drop connections`
                    : `nothing answers at ${name} yet: connections will hang until ${address} is up`,
            };
        default:
            return { spec, result, warning: undefined };
    }
}
/** UDP and SCTP. */
async function probeByPing(name, { spec, address }, ping) {
    const up = await ping(address);
    if (up === false)
        return { spec, result: "silent", warning: `${address} does not answer a ping: what is sent to ${name} may be lost until it is up` };
    return { spec, result: up ? "answers" : "unknown", warning: undefined };
}
function connectTo(host, port) {
    return new Promise((resolve) => {
        const socket = net.connect({ host, port, timeout: TIMEOUT_MS });
        const settle = (result) => {
            socket.destroy();
            resolve(result);
        };
        socket.on("connect", () => settle("answers"));
        socket.on("timeout", () => settle("silent"));
        socket.on("error", ({ code }) => settle(meaningOf(code)));
    });
}
//# sourceMappingURL=probe.js.map