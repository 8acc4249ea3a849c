/**
 * Namespaces that are put into a network: each is given a device with address, default route and MTU, which ends with its descriptors, so also with a
 * killed process. If somebody deletes the device, it is made again.
 */
import { closeSync } from "node:fs";
import type { Tap } from "../../device/tap.js";
import { TsproxyError } from "../../errors.js";
import { log } from "../../log.js";
import { openNetns, sameNetns } from "../../sys/netns.js";
import { RouteSocket } from "../../sys/rtnetlink.js";
import { settingUp } from "../../sys/setting-up.js";
import type { Bandwidth } from "../../table/bandwidth.js";
import { formatIp, type IpAddress } from "../../wire/ip-address.js";
import { eachFamily, type PerFamily } from "../../wire/per-family.js";
import { type Undo, undoneApart } from "../undo.js";
import { stationMac } from "./address-mac.js";
import type { AttachKind } from "./attach.js";
import { ownerOfNetns } from "./endpoint-owner.js";
import { ENDPOINT_DEVICE, setUpInNamespace } from "./namespace-device.js";
import { RemadeDevice } from "./remade-device.js";
import type { Site } from "./site.js";
import type { Subnet } from "./subnet.js";
import { openVeth } from "./veth-pair.js";

export interface EndpointSpec {
  /** A name in /run/netns, a process id in decimal, or an absolute path. */
  netns: string;
  addresses: PerFamily<IpAddress>;
}

/** What is behind a device. */
export interface Station {
  name: string;
  addresses: PerFamily<IpAddress>;
  mac: Uint8Array;
  bandwidth?: Bandwidth | undefined;
  /** Of one end of a veth pair: interface index of the other one, in the host's namespace. */
  end?: number | undefined;
  /** As in `table/ports.ts`. */
  owner: number;
  /** It ended, with the namespace that it was in. */
  onGone?(): void;
}

/** What whoever has all endpoints of the network says, and does. */
interface Hooks {
  /** What a device is that is made now. */
  attach(): AttachKind;
  mtu(): number;
  /** Gives the engine a device, up to `undo`. */
  join(tap: Tap, station: Station, undo: Undo): void;
}

interface Namespace {
  /** What it was asked for by. */
  word: string;
  spec: EndpointSpec;
  nsFd: number;
  /** In it. We hold the namespace, so it is there still when the device is gone. */
  device: RemadeDevice;
}

export class Namespaces {
  private readonly namespaces: Namespace[] = [];

  constructor(
    private readonly site: Site,
    private readonly network: { readonly subnets: PerFamily<Subnet> },
    private readonly hooks: Hooks,
  ) {}

  setMtu(mtu: number): void {
    for (const { word, nsFd } of this.namespaces) {
      const socket = new RouteSocket(nsFd);
      try {
        const link = socket.link(ENDPOINT_DEVICE);
        if (link !== null) socket.setLink(link.index, { mtu });
      } catch (error) {
        log.warn(`${word}: the MTU of '${ENDPOINT_DEVICE}' cannot be set to ${mtu}: ${(error as Error).message}`);
      } finally {
        socket.close();
      }
    }
  }

  /** Puts the namespace into the network; on failure nothing is left of it. */
  add(spec: EndpointSpec): void {
    const word = `--endpoint ${spec.netns}=${eachFamily(spec.addresses).map(formatIp).join(",")}`;
    const { fd: nsFd } = openNetns(spec.netns);
    const device = new RemadeDevice({
      what: () => `${word}: '${ENDPOINT_DEVICE}'`,
      make: (undo, onGone) => this.makeDevice({ word, spec, nsFd }, undo, onGone),
    });
    try {
      this.checkNamespace(word, spec.netns, nsFd);
      device.open();
    } catch (error) {
      undoneApart(device.close().then(() => closeSync(nsFd)));
      throw error;
    }
    this.namespaces.push({ word, spec, nsFd, device });
  }

  private makeDevice(namespace: Omit<Namespace, "device">, undo: Undo, onGone: () => void): void {
    const socket = new RouteSocket(namespace.nsFd);
    try {
      this.setUp(socket, namespace, undo, onGone);
    } finally {
      socket.close();
    }
  }

  async close(): Promise<void> {
    const end = async ({ device, nsFd }: Namespace): Promise<void> => {
      await device.close();
      closeSync(nsFd);
    };
    await Promise.all(this.namespaces.splice(0).map(end));
  }

  private setUp(socket: RouteSocket, { word, spec, nsFd }: Omit<Namespace, "device">, undo: Undo, onGone: () => void): void {
    if (socket.link(ENDPOINT_DEVICE) !== null)
      throw new TsproxyError(
        "TSP_ERR_ENDPOINT",
        "conflict",
        `${word}: the namespace has a device '${ENDPOINT_DEVICE}' already`,
        "give a namespace without one, like that of 'docker run --network none'",
      );
    const { subnets } = this.network;
    const mtu = this.hooks.mtu();
    const mac = stationMac(spec.addresses);
    const device = { name: ENDPOINT_DEVICE, nsFd, mac, mtu };
    const { tap, end } =
      this.hooks.attach() === "veth"
        ? openVeth(this.site, device, undo, onGone)
        : { tap: this.site.taps.open(device, undo), end: undefined };
    const { addresses } = spec;
    const name = `${spec.netns}/${ENDPOINT_DEVICE}`;
    const isThere = (): boolean => socket.link(ENDPOINT_DEVICE) !== null;
    settingUp(name, isThere, () =>
      setUpInNamespace({ socket, nsFd, word, addresses, mac, mtu, subnets }, () =>
        this.hooks.join(tap, { name, addresses, mac, end, owner: ownerOfNetns(nsFd), onGone }, undo),
      ),
    );
  }

  private checkNamespace(word: string, netns: string, nsFd: number): void {
    if (sameNetns(nsFd, -1))
      throw new TsproxyError(
        "TSP_ERR_ENDPOINT",
        "conflict",
        `${word}: that is the namespace tsproxy itself runs in`,
        "name the container's namespace",
      );
    for (const other of this.namespaces)
      if (sameNetns(nsFd, other.nsFd))
        throw new TsproxyError(
          "TSP_ERR_ENDPOINT",
          "conflict",
          `${word}: '${netns}' is the same namespace as in '${other.word}'`,
          "give each namespace one endpoint",
        );
  }
}
