/** Where `native/cni.c` asks: one HTTP request a call, the plugin's standard output as the answer. */
import * as v from "valibot";
import { type HttpAnswer, type HttpRequest, type HttpService, serveHttp } from "../api/http-server.js";
import { log } from "../log.js";
import { CniError, VERSIONS } from "./contract.js";
import type { Cni } from "./plugin.js";

const Call = v.object({ env: v.record(v.string(), v.string()), config: v.string() });
const MAX_BODY = 32 << 20;

/** Throws what `listen` throws. */
export function serveCni(cni: Cni, path: string, group: string | undefined): Promise<HttpService> {
  return serveHttp((request) => answer(cni, request), {
    path,
    group,
    maxBody: MAX_BODY,
    contentType: "application/json",
    refusal: { code: "TSP_ERR_API_SOCKET", other: "another process", hint: "stop it" },
  });
}

/** Never rejects. */
async function answer(cni: Cni, request: HttpRequest): Promise<HttpAnswer> {
  let config = "";
  try {
    const call = v.parse(Call, await request.body());
    config = call.config;
    const value = await cni.call(call.env, config);
    return { status: value === undefined ? 204 : 200, value };
  } catch (error) {
    const known = CniError.of(error);
    if (known.code === 999) log.fault("CNI", error);
    return { status: 500, value: known.body(versionOf(config)) };
  }
}

/** An error is to be in the version that was asked in, if that can be read. */
function versionOf(config: string): string {
  const found = /"cniVersion"\s*:\s*"([\d.]+)"/.exec(config)?.[1] ?? "";
  return VERSIONS.includes(found) ? found : "1.0.0";
}
