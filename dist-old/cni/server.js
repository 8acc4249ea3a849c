/** Where `native/cni.c` asks: one HTTP request a call, the plugin's standard output as the answer. */
import * as v from "valibot";
import { serveHttp } from "../api/http-server.js";
import { log } from "../log.js";
import { Containers } from "./containers.js";
import { CniError, CODES, VERSIONS } from "./contract.js";
import { Netavark } from "./netavark.js";
import { Cni } from "./plugin.js";
/** `env` of a call of CNI, `arguments` of one of Netavark; `config`: what was on standard input. */
const Call = v.object({
    env: v.exactOptional(v.record(v.string(), v.string())),
    arguments: v.exactOptional(v.array(v.string())),
    config: v.string(),
});
const MAX_BODY = 32 << 20;
/** Throws what `listen` throws. */
export function serveCni(catalog, sandboxes, path, group) {
    const containers = new Containers(catalog, sandboxes);
    const [cni, netavark] = [new Cni(containers), new Netavark(containers)];
    return serveHttp((request) => answer(cni, netavark, request), {
        path,
        group,
        maxBody: MAX_BODY,
        contentType: "application/json",
        refusal: { code: "TSP_ERR_API_SOCKET", other: "another process", hint: "stop it" },
    });
}
/** Never rejects. */
async function answer(cni, netavark, request) {
    let call = { config: "" };
    try {
        call = v.parse(Call, await request.body());
        const [command = "", netns = ""] = call.arguments ?? [];
        const value = await (call.arguments === undefined ? cni.call(call.env ?? {}, call.config) : netavark.call(command, netns, call.config));
        return { status: value === undefined ? 204 : 200, value };
    }
    catch (error) {
        const known = CniError.of(error);
        if (known.code === CODES.internal)
            log.fault("CNI", error);
        const value = call.arguments === undefined ? known.body(versionOf(call.config)) : { error: textOf(known) };
        return { status: 500, value };
    }
}
function textOf({ message, details }) {
    return details === "" ? message : `${message} (${details})`;
}
/** An error is to be in the version that was asked in, if that can be read. */
function versionOf(config) {
    const found = /"cniVersion"\s*:\s*"([\d.]+)"/.exec(config)?.[1] ?? "";
    return VERSIONS.includes(found) ? found : "1.0.0";
}
//# sourceMappingURL=server.js.map