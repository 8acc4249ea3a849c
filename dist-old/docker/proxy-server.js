/**
 * Serves the docker-proxy launchers (`native/docker-proxy.c`): each keeps a connection to `docker-proxy.sock` for as long as its port is to be
 * published. What packets cannot do is relayed on the launcher's own socket: what the engine does not translate, sockets of both families at once,
 * and targets that are the host itself or have no route yet; docker-proxy would serve those too.
 *
 * The launcher holds the port; here its socket is kept only for relaying. So a second launcher that brings a socket for the same port proves
 * that the first one is gone, even if the end of its connection has not been seen yet: the first one's lease is ended before the second's begins.
 */
import { closeSync } from "node:fs";
import { createServer } from "node:net";
import { launcherSocketPath } from "../api/paths.js";
import { listen } from "../api/unix-socket.js";
import { formatMapping, hostAddressText, mappingText, specOf } from "../control/mapping.js";
import { Undo } from "../control/undo.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { Relay } from "../relay/relay.js";
import { native } from "../sys/native.js";
import { receiveRequest } from "./launcher-request.js";
/** Launchers of a long port range that come back at once when the daemon is restarted. */
const BACKLOG = 4096;
export class ProxyServer {
    constructor(controller, options) {
        this.controller = controller;
        this.options = options;
        /** By protocol, host address and port. */
        this.leases = new Map();
        /** Of each port the request that is being served, or waits to be: one after the other, so that each ends what the one before it has begun. */
        this.turns = new Map();
        this.sockets = new Set();
        this.server = createServer({ pauseOnConnect: true }, (socket) => void this.serve(socket));
    }
    /** Listens in the run folder, for root and the group. Throws TSP_ERR_DAEMON (conflict) when another daemon does so already. */
    static async start(controller, options) {
        const proxies = new ProxyServer(controller, options);
        await listen(proxies.server, {
            path: launcherSocketPath(),
            group: options.group,
            backlog: BACKLOG,
            passed: options.passed?.launcher,
            refusal: { code: "TSP_ERR_DAEMON", other: "another daemon", hint: "one is enough; stop it first" },
        });
        return proxies;
    }
    /** The ports that are relayed; those in the dataplane are the publisher's. */
    mappings() {
        return [...this.leases.values()].flatMap(({ relayed }) => relayed ?? []);
    }
    /** Takes every port back. The launchers wait for another daemon. */
    async close() {
        const closed = new Promise((resolve) => this.server.close(resolve));
        for (const socket of this.sockets)
            socket.destroy();
        await Promise.all([...this.leases.values()].map((lease) => lease.end()));
        await closed;
    }
    async serve(socket) {
        const gone = new Promise((resolve) => socket.once("close", () => resolve()));
        this.sockets.add(socket);
        socket.on("error", () => { }); // it is closed then
        try {
            const request = await receiveRequest(socket);
            if (request === undefined)
                return;
            const lease = await this.inTurn(request);
            void gone.then(() => lease.end());
            socket.write("ok\n");
            socket.on("data", () => socket.destroy()); // nothing more is to come, but its end
            socket.resume();
            await gone;
        }
        catch (error) {
            const text = TsproxyError.of(error).describe();
            log.warn(text);
            socket.write(`error ${text.replace(/\s*\n\s*/g, " ")}\n`);
        }
        finally {
            this.sockets.delete(socket);
            socket.destroySoon();
        }
    }
    async inTurn(request) {
        const { hostPort, proto } = request.spec;
        const key = `${proto} ${hostAddressText(request.spec)} ${hostPort}`;
        const before = this.turns.get(key);
        const turn = Promise.resolve(before).then(() => this.lease(key, request));
        const over = turn.then(() => { }, () => { });
        this.turns.set(key, over);
        try {
            return await turn;
        }
        finally {
            if (this.turns.get(key) === over)
                this.turns.delete(key);
        }
    }
    async lease(key, request) {
        const undo = new Undo();
        const lease = {
            relayed: undefined,
            end: async () => {
                if (this.leases.get(key) === lease)
                    this.leases.delete(key);
                await undo.run();
            },
        };
        const former = this.leases.get(key);
        this.leases.set(key, lease);
        try {
            await former?.end();
            if (!this.throughDataplane(request, undo))
                lease.relayed = await this.throughRelay(request, undo);
            await this.controller.settled();
            return lease;
        }
        catch (error) {
            await lease.end();
            throw error;
        }
    }
    /** False when packets cannot do it. */
    throughDataplane({ spec, fd, bothFamilies }, undo) {
        if (bothFamilies || !this.controller.publisher.serves(specOf(spec)))
            return false;
        try {
            const publication = this.controller.publisher.publish(specOf(spec), fd);
            this.controller.takeUpMore();
            undo.add(`port ${spec.hostPort}`, () => publication.close());
            closeSync(fd);
            return true;
        }
        catch (error) {
            if (error instanceof TsproxyError && error.code === "TSP_ERR_TARGET")
                return false;
            closeSync(fd);
            throw error;
        }
    }
    /** Undefined for SCTP, which sockets cannot relay: its port is held, so that the container starts. */
    async throughRelay({ spec, fd }, undo) {
        if (spec.proto === "sctp") {
            undo.add(`socket of port ${spec.hostPort}`, () => closeSync(fd));
            log.warn(`${formatMapping(spec)} is held and not served: neither the dataplane reaches it, nor can sockets relay SCTP`);
            return undefined;
        }
        native.clearFilter(fd);
        const relay = await Relay.start({ ...spec, hosts: [spec], pickFromRange: false, fd }, { allowFrom: this.options.allowFrom });
        undo.add(`relay of port ${spec.hostPort}`, () => relay.close());
        return { ...mappingText(spec), via: "relay" };
    }
}
//# sourceMappingURL=proxy-server.js.map