/** What the programs know of the host: its own addresses, and the networks that its IPsec policies are about. */
import * as bpf from "../sys/bpf.js";
import { formatPrefix, type IpAddress, type IpPrefix, toBytes } from "../wire/ip-address.js";
import { bytes, VALUE_SIZE } from "./maps.js";
import { LOOPBACK, type MapFds } from "./program.js";

export class HostNetworks {
  private readonly locals: Record<4 | 6, Map<bigint, number>> = { 4: new Map<bigint, number>(), 6: new Map<bigint, number>() }; // address to the device that has it, or 0
  private readonly ipsec = { 4: new Map<string, IpPrefix>(), 6: new Map<string, IpPrefix>() };

  /** `families`: those that are steered. `hasHome`: the device has the program `home`. */
  constructor(
    private readonly maps: MapFds,
    private readonly families: readonly (4 | 6)[],
    private readonly hasHome: (ifindex: number) => boolean,
  ) {}

  /** The host's own addresses, and the interface index of each one's device; 127/8 and ::1 need not be among them. */
  setLocals(addresses: readonly { address: IpAddress; ifindex: number }[]): void {
    for (const family of this.families) {
      const before = this.locals[family];
      const next = new Map<bigint, number>();
      for (const { address, ifindex } of addresses) {
        // Of several devices that have it the kernel takes the first.
        if (address.family !== family || next.has(address.value)) continue;
        next.set(address.value, ifindex === LOOPBACK || this.hasHome(ifindex) ? ifindex : 0);
      }
      const changed = [...next].filter(([value, ifindex]) => before.get(value) !== ifindex);
      const gone = [...before.keys()].filter((value) => !next.has(value));
      const keys = (values: bigint[]): Uint8Array => Buffer.concat(values.map((value) => toBytes({ family, value })));
      const { locals } = this.mapsOf(family);
      bpf.updateBatch(
        locals,
        keys(changed.map(([value]) => value)),
        bytes(Int32Array.from(changed, ([, ifindex]) => ifindex)),
        changed.length,
      );
      bpf.deleteBatch(locals, keys(gone), family === 4 ? 4 : 16, gone.length);
      this.locals[family] = next;
    }
  }

  /** Networks that IPsec policies of the host are about: packets to them the host forwards, and those from them come to us if they came by IPsec. */
  setIpsec(networks: readonly IpPrefix[]): void {
    const keyOf = ({ address, prefixLength }: IpPrefix): Uint8Array =>
      Buffer.concat([bytes(Int32Array.of(prefixLength)), toBytes(address)]);
    for (const family of this.families) {
      const before = this.ipsec[family];
      const { ipsec } = this.mapsOf(family);
      const next = new Map(networks.filter(({ address }) => address.family === family).map((network) => [formatPrefix(network), network]));
      for (const [name, network] of next) if (!before.has(name)) bpf.updateElement(ipsec, keyOf(network), new Uint8Array(VALUE_SIZE));
      for (const [name, network] of before) if (!next.has(name)) bpf.deleteElement(ipsec, keyOf(network));
      this.ipsec[family] = next;
    }
  }

  private mapsOf(family: 4 | 6): Pick<MapFds, "locals" | "ipsec"> {
    const { locals6, ipsec6 } = this.maps;
    return family === 4 ? this.maps : { locals: locals6, ipsec: ipsec6 };
  }
}
