/** For programs that are given to `node --import`: changes the addon's functions as it is loaded, whichever module or bundle does that. */
const { dlopen } = process;

/** `change` gets the addon's exports, once, and may replace functions in them. */
export function onAddon(change) {
  process.dlopen = (module, ...rest) => {
    dlopen.call(process, module, ...rest);
    if (module.exports.ioCreate !== undefined) change(module.exports);
  };
}
