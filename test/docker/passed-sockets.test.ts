import { expect, it } from "vitest";
import { launcherSocketPath } from "../../src/api/paths.js";
import { passedToDocker } from "../../src/docker/passed-sockets.js";

const PLUGIN = "/run/docker/plugins/tsproxy.sock";

it.each([
  ["none", [], undefined, undefined],
  ["the plugin's alone", [{ fd: 3, name: "tsproxy.socket", path: PLUGIN }], undefined, 3],
  ["the launchers' alone", [{ fd: 3, name: "tsproxy.socket", path: launcherSocketPath() }], 3, undefined],
  [
    "both, by where they are bound",
    [
      { fd: 3, name: "tsproxy.socket", path: launcherSocketPath() },
      { fd: 4, name: "tsproxy.socket", path: PLUGIN },
    ],
    3,
    4,
  ],
  [
    "both, by name, wherever they are",
    [
      { fd: 3, name: "plugin", path: launcherSocketPath() },
      { fd: 4, name: "docker-proxy", path: "/elsewhere.sock" },
    ],
    4,
    3,
  ],
  ["one that cannot be told", [{ fd: 3, name: "", path: "" }], undefined, 3],
])("sockets that systemd passes: %s", (_name, sockets, launcher, plugin) => {
  expect(passedToDocker(sockets)).toEqual({ launcher, plugin });
});
