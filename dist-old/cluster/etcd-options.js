/** From `--store etcd://HOST:2379[,…][/CLUSTER]` and the options beside it to what a client needs. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { createSecureContext } from "node:tls";
import { TsproxyError } from "../errors.js";
import { CLUSTER_NAME } from "./keys.js";
const DEFAULT_PORT = 2379;
const EXAMPLE = "write it like etcd://10.0.0.1:2379,10.0.0.2:2379, or etcd://10.0.0.1:2379/CLUSTER";
/** RFC 1123 §2.1, and what is no address though it looks like one. */
const HOST_NAME = /^(?![\d.]+$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/;
/** Throws TSP_ERR_OPTION. */
export function parseStore(raw) {
    const { store, storeCa, storeCert, storeKey, storeUser, storePasswordFile } = raw;
    const match = /^(etcds?):\/\/([^/]*)(?:\/([^/]*)\/?)?$/.exec(store);
    if (match === null)
        throw invalid(`--store '${store}': not the address of a store`, EXAMPLE);
    const [, scheme, hosts = "", cluster = ""] = match;
    if (hosts.includes("@"))
        throw invalid("--store: a user or password in the address is seen by all", "use --store-user and --store-password-file");
    if (cluster !== "" && !CLUSTER_NAME.test(cluster))
        throw invalid(`--store '${store}': '${cluster}' is no name for a cluster`, "use letters, digits and _.- alone");
    if ((storeCert === undefined) !== (storeKey === undefined))
        throw invalid("--store-cert and --store-key go together", "give both, or neither");
    if (storePasswordFile !== undefined && storeUser === undefined)
        throw invalid("--store-password-file: whose?", "add --store-user NAME");
    if (storeUser !== undefined && storePasswordFile === undefined)
        throw invalid(`--store-user ${storeUser}: there is no password`, "add --store-password-file PATH");
    const secure = scheme === "etcds" || storeCa !== undefined || storeCert !== undefined;
    return {
        etcd: {
            endpoints: hosts.split(",").map((word) => parseEndpoint(store, word)),
            tls: secure ? readTls(storeCa, storeCert, storeKey) : undefined,
            user: storeUser === undefined
                ? undefined
                : { name: storeUser, password: read("--store-password-file", storePasswordFile).replace(/\r?\n$/, "") },
        },
        cluster: cluster === "" ? "default" : cluster,
    };
}
function parseEndpoint(store, word) {
    const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(word);
    const [, inBrackets, plain = "", portText] = match ?? [];
    const host = inBrackets ?? plain;
    const port = portText === undefined ? DEFAULT_PORT : Number(portText);
    const known = inBrackets === undefined ? isIP(host) === 4 || HOST_NAME.test(host) : isIP(host) === 6;
    if (match === null || !known || port < 1 || port > 65_535)
        throw invalid(`--store '${store}': '${word}' is no HOST:PORT`, EXAMPLE);
    return { host, port };
}
function readTls(ca, cert, key) {
    const tls = {
        ...(ca !== undefined && { ca: read("--store-ca", ca) }),
        ...(cert !== undefined && key !== undefined && { cert: read("--store-cert", cert), key: read("--store-key", key) }),
    };
    try {
        createSecureContext(tls);
    }
    catch (cause) {
        const which = cert === undefined ? "--store-ca" : "--store-ca, --store-cert, --store-key";
        throw new TsproxyError("TSP_ERR_OPTION", "invalid", `${which}: ${cause.message}`, "give PEM files, the key without a password", cause);
    }
    return tls;
}
function read(option, path) {
    try {
        return readFileSync(path, "utf8");
    }
    catch (cause) {
        const { code } = cause;
        throw new TsproxyError("TSP_ERR_OPTION", "invalid", `${option} '${path}': it cannot be read (${code})`, "give the path of a file", cause);
    }
}
function invalid(message, hint) {
    return new TsproxyError("TSP_ERR_OPTION", "invalid", message, hint);
}
//# sourceMappingURL=etcd-options.js.map