/** From what `network create` was given to a request for the model, or to the error that Docker has for it. */
import type { NetworkCreate } from "../api/network-types.js";
import { MAX_VNI } from "../cluster/allocate.js";
import { readOption } from "../docker/driver-options.js";
import { IPVLAN, isLanDriver, MACVLAN, readLanOptions } from "../docker/lan-options.js";
import { type KindOf, TsproxyError } from "../errors.js";
import { subnetProblem } from "../model/addresses.js";
import { DEFAULT_OPTIONS, type NetworkOptions } from "../model/records.js";
import type { NetworkRequest } from "../model/requests.js";
import {
  formatIp,
  formatPrefix,
  type IpAddress,
  type IpPrefix,
  parseIp,
  parsePrefix,
  prefixContains,
  prefixesOverlap,
  sameIp,
} from "../wire/ip-address.js";
import { eachFamily, mapFamilies, ofFamily, type PerFamily } from "../wire/per-family.js";
import { OVERLAY } from "./overlay-name.js";

/** Docker's (daemon/names/names.go). */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const MTU = "com.docker.network.driver.mtu";
const VNI = "com.docker.network.driver.overlay.vxlanid_list";
const ENCRYPTED = "encrypted";

const DRIVERS: readonly string[] = ["bridge", MACVLAN, IPVLAN, OVERLAY];

type Family = IpAddress["family"];

/** What was asked for, but for what is chosen afterwards. */
export type Asked = Omit<NetworkRequest, "id" | "subnets" | "about"> & {
  /** Of each family that it is to have; what is undefined is to be chosen. */
  subnets: PerFamily<{ prefix: IpPrefix | undefined; gateway: IpAddress | undefined }>;
  /** As they were typed, with `--mtu` among them. */
  typed: Record<string, string>;
  /** Of an overlay network; undefined: to be chosen. */
  vni: number | undefined;
  /** Of an overlay network: frames between nodes are sealed. */
  encrypted: boolean;
};

/** Throws TSP_ERR_NETWORK, TSP_ERR_DRIVER_OPTION (invalid). */
export function checkCreate(create: NetworkCreate): Asked {
  const { name, driver = "bridge" } = create;
  checkName("network", name);
  if (!DRIVERS.includes(driver)) throw invalid(`could not find driver '${driver}'`, "use -d bridge, overlay, macvlan or ipvlan");
  const typed: Record<string, string> = { ...create.options, ...(create.mtu !== undefined && { [MTU]: String(create.mtu) }) };
  const options: NetworkOptions = { ...DEFAULT_OPTIONS, internal: create.internal ?? false };
  if (create.encrypt) typed[ENCRYPTED] = "";
  if (driver !== OVERLAY && typed[ENCRYPTED] !== undefined)
    throw invalid(
      `a network of driver ${driver} cannot be encrypted: it has no frames between nodes`,
      "use -d overlay, or leave --encrypt out",
    );
  if (isLanDriver(driver))
    return {
      name,
      ...checkAddresses(create),
      options,
      typed,
      vni: undefined,
      encrypted: false,
      lan: readLanOptions(driver, options, typed),
    };
  const asked: OverlayOptions = { vni: undefined, encrypted: false };
  for (const [key, value] of Object.entries(typed))
    if (driver !== OVERLAY || !readOverlayOption(asked, key, value)) readOption(options, key, value);
  if (driver === OVERLAY && options.outside !== undefined)
    throw invalid("an address of one host cannot be that of a network of several", "leave com.docker.network.host_ipv4 and host_ipv6 out");
  return { name, ...checkAddresses(create), options, typed, ...asked };
}

type OverlayOptions = Pick<Asked, "vni" | "encrypted">;

/** False for what is no option of overlay networks alone. */
function readOverlayOption(asked: OverlayOptions, key: string, value: string): boolean {
  if (key === ENCRYPTED) {
    // Docker takes any value for yes, and who writes 'false' means no: so neither is guessed.
    if (value !== "" && value !== "true")
      throw invalid(`option ${key}: '${value}' is not understood`, `write '-o ${key}' or --encrypt, or leave it out`);
    asked.encrypted = true;
    return true;
  }
  if (key !== VNI) return false;
  asked.vni = /^\d{1,8}$/.test(value) ? Number(value) : 0;
  if (asked.vni < 1 || asked.vni > MAX_VNI) throw invalid(`option ${key}: '${value}' is no VNI`, `use one number, 1 to ${MAX_VNI}`);
  return true;
}

export function checkName(what: "network" | "sandbox", name: string): void {
  const code = what === "network" ? "TSP_ERR_NETWORK" : "TSP_ERR_SANDBOX";
  const hint = "choose another name";
  if (name === "") throw new TsproxyError(code, "invalid", `invalid ${what} name: name is empty`, hint);
  if (NAME.test(name) && name.length <= 128) return;
  throw new TsproxyError(code, "invalid", `invalid ${what} name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`, hint);
}

function checkAddresses(create: NetworkCreate): Pick<Asked, "subnets" | "ranges" | "reserved"> {
  const families: PerFamily<Family> = { ...(create.ipv4 !== false && { ipv4: 4 }), ...(create.ipv6 && { ipv6: 6 }) };
  if (eachFamily(families).length === 0) throw invalid("IPv4 or IPv6 must be enabled", "add --ipv6, or leave --ipv4=false out");
  const [subnets, gateways, ranges] = [create.subnet, create.gateway, create.ipRange].map((words = []) => [words].flat());
  const aux = Object.entries(create.auxAddresses ?? {});
  if (subnets!.length === 0 && [gateways!, ranges!, aux].some(({ length }) => length > 0))
    throw invalid("every ip-range or gateway must have a corresponding subnet", "add --subnet");
  const prefixes = checkSubnets(subnets!, families);
  const inside = (what: string, text: string): IpAddress => {
    const address = parseIp(text);
    if (address === null) throw invalid(`invalid ${what} ${text}: invalid address`, "write it like 172.28.0.1 or fd00:28::1");
    const prefix = parentOf(what, text, address.family, prefixes);
    if (prefixContains(prefix, address)) return address;
    throw invalid(`invalid ${what} ${text}: parent subnet ${formatPrefix(prefix)} doesn't contain this address`, "use one of the subnet");
  };
  const gatewayOf = only(
    "gateways",
    gateways!.map((text) => inside("gateway", text)),
    formatIp,
    prefixes,
  );
  const reserved = new Map(aux.map(([name, text]) => [name, inside(`auxiliary address ${name}:`, text)]));
  return {
    subnets: mapFamilies(families, (family) => ({ prefix: ofFamily(prefixes, family), gateway: ofFamily(gatewayOf, family) })),
    ranges: only(
      "ranges",
      ranges!.map((text) => checkRange(text, prefixes)),
      formatPrefix,
      prefixes,
    ),
    ...(reserved.size > 0 && { reserved }),
  };
}

/** One a family at most, of those that the network is to have. */
function checkSubnets(texts: readonly string[], families: PerFamily<Family>): PerFamily<IpPrefix> {
  const prefixes: { ipv4?: IpPrefix; ipv6?: IpPrefix } = {};
  for (const text of texts) {
    const prefix = network("subnet", text);
    const { family } = prefix.address;
    if (ofFamily(families, family) === undefined)
      throw invalid(`invalid subnet ${text}: IPv${family} is not enabled`, family === 6 ? "add --ipv6" : "leave --ipv4=false out");
    const other = ofFamily(prefixes, family);
    if (other !== undefined && prefixesOverlap(other, prefix))
      throw invalid("multiple overlapping subnet configuration is not supported", "name one subnet a family");
    if (other !== undefined) throw invalid("bridge driver doesn't support multiple subnets", "name one subnet a family");
    const found = subnetProblem(prefix);
    if (found !== null) throw invalid(`invalid subnet ${text}: ${found.problem}`, found.hint);
    prefixes[family === 4 ? "ipv4" : "ipv6"] = prefix;
  }
  return prefixes;
}

function checkRange(text: string, prefixes: PerFamily<IpPrefix>): IpPrefix {
  const range = network("ip-range", text);
  const subnet = parentOf("ip-range", text, range.address.family, prefixes);
  if (range.prefixLength < subnet.prefixLength || !prefixContains(subnet, range.address))
    throw invalid(`invalid ip-range ${text}: parent subnet ${formatPrefix(subnet)} doesn't contain ip-range`, "use a part of the subnet");
  return range;
}

function parentOf(what: string, text: string, family: Family, prefixes: PerFamily<IpPrefix>): IpPrefix {
  const parent = ofFamily(prefixes, family);
  if (parent !== undefined) return parent;
  const other = family === 4 ? 6 : 4;
  throw invalid(
    `invalid ${what} ${text}: parent subnet is an IPv${other} block`,
    `use one of IPv${other}, or add a subnet of IPv${family}`,
  );
}

/** By family, of each at most one. */
function only<T extends IpAddress | IpPrefix>(
  what: string,
  items: readonly T[],
  format: (item: T) => string,
  prefixes: PerFamily<IpPrefix>,
): PerFamily<T> {
  return mapFamilies(prefixes, (prefix, family) => {
    const [first, second] = items.filter((item) => ("address" in item ? item.address.family : item.family) === family);
    if (first === undefined || second === undefined) return first;
    const both = `${format(first)}, ${format(second)}`;
    throw invalid(`cannot configure multiple ${what} (${both}) for the same subnet (${formatPrefix(prefix)})`, "name one");
  });
}

function network(what: string, text: string): IpPrefix {
  const prefix = parsePrefix(text);
  if (prefix === null) throw invalid(`invalid ${what} ${text}: invalid CIDR block notation`, "write it like 172.28.0.0/16 or fd00:28::/64");
  const whole = formatPrefix(prefix);
  if (!sameIp(parseIp(text.slice(0, text.indexOf("/")))!, prefix.address))
    throw invalid(`invalid ${what} ${text}: it should be ${whole}`, `write ${whole}`);
  return prefix;
}

export function networkError(kind: KindOf<"TSP_ERR_NETWORK">, message: string, hint?: string): TsproxyError {
  return new TsproxyError("TSP_ERR_NETWORK", kind, message, hint);
}

function invalid(message: string, hint: string): TsproxyError {
  return networkError("invalid", message, hint);
}
