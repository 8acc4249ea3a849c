/**
 * For programs that `node --import` runs before tsproxy: changes the calls into the addon. What tsproxy runs is made of bundles that load the addon
 * each for itself, but by the same file, so it is changed where Node.js keeps what it has loaded.
 */
import { createRequire } from "node:module";
import { addonFile } from "../../../dist/sys/native-files.js";

const require = createRequire(import.meta.url);

/** `change(name, call)` answers what is called instead. */
export function changeAddon(change) {
  const file = addonFile();
  const addon = require(file);
  require.cache[file].exports = Object.fromEntries(Object.entries(addon).map(([name, call]) => [name, change(name, call)]));
}
