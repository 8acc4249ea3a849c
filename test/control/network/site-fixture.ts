/** What networks are built on, as notes in order: devices, settings, messages to workers. */

import type { OwnConf } from "../../../src/control/host.js";
import type { BridgeSpec } from "../../../src/control/network/bridge.js";
import { NetworkNumbers } from "../../../src/control/network/network-numbers.js";
import { NetworkRegistry } from "../../../src/control/network/registry.js";
import type { Site } from "../../../src/control/network/site.js";
import type { TapPort } from "../../../src/control/network/tap-ports.js";
import type { Undo } from "../../../src/control/undo.js";
import type { Tap } from "../../../src/device/tap.js";
import type { ToWorker } from "../../../src/engine/messages.js";
import { formatMac, macHi, macLo, macText } from "../../../src/wire/ethernet.js";
import { formatIp, formatPrefix, type IpAddress } from "../../../src/wire/ip-address.js";
import { subnet } from "../../support/ip.js";

export const SPEC: BridgeSpec = { kind: "bridge", subnets: { ipv4: subnet("10.44.0.0/24") } };

export class SiteFixture {
  readonly notes: string[] = [];
  /** The first note that begins so is an error instead. */
  failing: string | undefined;
  workers = 1;
  /** What the kernel is told to carry. */
  readonly carried: string[] = [];
  overlapping: string | null = null;
  /** Whether the host has it. */
  ipv6 = true;
  defaultMtu: number | undefined = 9000;
  /** The longest packet that goes through the underlay; null: the address there is gone. */
  throughUnderlay: number | null = 1450;
  readonly hostAddresses = new Set<string>();
  readonly listeners = new Set<() => void>();
  readonly registry: NetworkRegistry;
  readonly gone: (() => void)[] = [];
  hostDeviceGone: () => void = () => {};
  /** What the process was ended for. */
  failed: string[] = [];
  /** What the end of a device waits for. */
  closing: Promise<void> | undefined;

  /** Devices that there are. */
  readonly devices = new Set<string>();

  constructor() {
    const note = (text: string): void => {
      if (this.failing !== undefined && text.startsWith(this.failing)) {
        this.failing = undefined;
        throw new Error(`cannot ${text}`);
      }
      this.notes.push(text);
    };
    const workerCount = (): number => this.workers;
    const hasIpv6 = (): boolean => this.ipv6;
    const site = {
      socket: {
        link: (name: string) => (this.devices.has(name) ? { index: 70, name } : null),
        setLink: (index: number, change: object) => note(`set ${index} ${JSON.stringify(change)}`),
        addAddress: (index: number, address: string, length: number) => note(`address ${index} ${address}/${length}`),
      },
      workers: {
        get count() {
          return workerCount();
        },
        post: (message: ToWorker) => note(described(message)),
      },
      host: {
        get ipv6() {
          return hasIpv6();
        },
        overlap: () => this.overlapping,
        defaultLink: () => (this.defaultMtu === undefined ? null : { mtu: this.defaultMtu }),
        refresh: () => note("refresh"),
        readAgain: () => {
          try {
            note("refresh");
          } catch {
            this.notes.push("refresh later");
          }
        },
        own: (index: number, { addresses: _, ...conf }: OwnConf, onGone: () => void) => {
          note(`own ${index} ${JSON.stringify(conf)}`);
          this.hostDeviceGone = onGone;
        },
        disown: (index: number) => note(`disown ${index}`),
        has: (address: IpAddress) => this.hostAddresses.has(formatIp(address)),
        onChange: (listener: () => void) => {
          this.listeners.add(listener);
          return () => this.listeners.delete(listener);
        },
      },
      fail: (error: Error) => this.failed.push(error.message),
      guard: {
        attach: (index: number, internal: boolean) => {
          note(`guard ${index} ${internal}`);
          return () => note(`unguard ${index}`);
        },
      },
      numbers: {
        take: ({ name }: { name: string }) => {
          note(`number ${name}`);
          return 7;
        },
        give: (port: number) => note(`give ${port}`),
      },
      networkNumbers: new NetworkNumbers(),
      tunnels: {
        mtu: () => this.throughUnderlay!,
        mtuNow: () => this.throughUnderlay,
        use: (vni: number, { address }: { address: IpAddress }) => {
          note(`use tunnels ${vni} ${formatIp(address)}`);
          return () => note(`end tunnels ${vni}`);
        },
        nameNode: () => {},
      },
      stations: {
        ofNetwork: (vni: number, mtu: number) => {
          const say = (what: string): number => this.carried.push(what);
          say(`${vni} mtu ${mtu}`);
          return {
            setBehind: (mac: Uint8Array, station: { node: IpAddress } | null) =>
              say(`${macText(mac)} ${station === null ? "nowhere" : formatIp(station.node)}`),
            setMtu: (now: number) => say(`mtu ${now}`),
            close: () => say("none"),
          };
        },
      },
      taps: {
        isKept: () => false,
        open: ({ name, nsFd = -1 }: { name: string; nsFd?: number }, undo: Undo): Tap => {
          const made = name.replace("%d", this.devices.has(name.replace("%d", "0")) ? "1" : "0");
          note(`open ${made} in ${nsFd}`);
          this.devices.add(made);
          undo.add(`device ${made}`, () => {
            this.devices.delete(made);
            note(`close ${made}`);
            return this.closing;
          });
          return { fds: [101], name: made, uso: true, tunnelGso: false, close: async () => {} };
        },
        attach: (tap: Tap, port: TapPort, undo: Undo, onGone?: () => void) => {
          const mac = formatMac(macHi(port.mac), macLo(port.mac));
          note(`attach ${tap.name} as ${port.kind} ${port.name} ${mac} ${port.addresses.map(formatIp).join(" ")} network ${port.network}`);
          undo.add(`port ${port.name}`, () => note(`detach ${port.name}`));
          if (onGone !== undefined && port.kind === "endpoint") this.gone.push(onGone);
        },
      },
    };
    this.registry = new NetworkRegistry(site as unknown as Site);
  }

  /** The notes since the last call. */
  since(): string[] {
    return this.notes.splice(0);
  }
}

function described(message: ToWorker): string {
  if (message.type === "add-network") {
    const { network, subnets, flags, overlay } = message;
    const texts = subnets.map(({ prefix, gateway, outside }) => {
      return `${formatPrefix(prefix)} gateway ${formatIp(gateway)} outside ${outside === null ? "any" : formatIp(outside)}`;
    });
    const more = overlay === undefined ? "" : ` overlay port ${overlay.port} vni ${overlay.vni} mtu ${overlay.mtu}`;
    return `add-network ${network} ${texts.join(", ")} flags ${flags}${more}`;
  }
  if (message.type === "set-remote") return `set-remote ${message.network} ${macText(message.mac)} ${formatIp(message.node)}`;
  if (message.type === "remove-remote") return `remove-remote ${message.network} ${macText(message.mac)}`;
  if (message.type === "remote-mtu") return `remote-mtu ${message.network} ${message.mtu}`;
  return `${message.type} ${(message as { network?: number }).network}`;
}
