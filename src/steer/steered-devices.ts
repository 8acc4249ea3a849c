/**
 * The host's devices that are steered: at each the program `steer`, or the one that carries flows too, takes what comes in, and `home` what the host's own
 * stack says of packets of ours.
 */
import { TsproxyError } from "../errors.js";
import * as bpf from "../sys/bpf.js";
import type { Attacher, AttachMode, Attachment } from "./attach.js";
import type { Descriptors } from "./descriptors.js";
import { homeProgram } from "./home-program.js";
import { linkLayerOf } from "./link-layers.js";
import { bytes, VALUE_SIZE } from "./maps.js";
import type { LinkLayer, MapFds } from "./program.js";
import { steerProgram } from "./steer-program.js";
import type { SteeringOptions } from "./steering-options.js";

/** What there is at least. */
const USUAL_LINKS = ["ethernet", "loopback"] as const;

export class SteeredDevices {
  private readonly programs = new Map<LinkLayer, number>();
  private readonly attachments = new Map<number, Attachment & { link: LinkLayer }>();
  private readonly homes = new Map<number, Attachment>();
  private readonly homeFds = new Map<LinkLayer, number>();
  /** Whose programs carry flows. */
  private carrying: ReadonlySet<LinkLayer> = new Set();
  private readonly bare = new Set<number>();

  /** `isEngines`: the engine sends by the device. */
  constructor(
    private readonly options: SteeringOptions,
    private readonly maps: MapFds,
    private readonly attacher: Attacher,
    private readonly descriptors: Descriptors,
    private readonly isEngines: (ifindex: number) => boolean,
  ) {}

  /** Programs that carry, by device; what is attached already is replaced. Answers those that they take the place of. */
  useCarrying(programs: ReadonlyMap<LinkLayer, number>): number[] {
    const replaced = [...programs.keys()].flatMap((link) => this.programs.get(link) ?? []);
    this.carrying = new Set(programs.keys());
    for (const [link, fd] of programs) this.programs.set(link, fd);
    for (const [ifindex, { link, replace }] of this.attachments) {
      const fd = programs.get(link);
      if (fd === undefined || !replace(fd)) this.bare.add(ifindex); // refused, or the device is gone
    }
    return replaced;
  }

  /** Devices of these kinds will get programs that carry. */
  expectCarrying(links: readonly LinkLayer[]): void {
    this.carrying = new Set(links);
  }

  /** Starts to steer what comes in at a host interface; it may be attached already. `arphrdType`: its `/sys/class/net/NAME/type`. */
  attach(ifindex: number, arphrdType: number): AttachMode {
    const present = this.attachments.get(ifindex);
    if (present !== undefined) return present.mode;
    const link = linkLayerOf(arphrdType);
    if (link === undefined || this.isEngines(ifindex)) {
      const why = link === undefined ? `its type ${arphrdType} is none that tsproxy knows` : "it is an uplink";
      throw new TsproxyError("TSP_ERR_STEER_DEVICE", "invalid", `cannot steer device ${ifindex}: ${why}`);
    }
    const progFd = this.programFor(link);
    if (link !== "loopback") this.attachHome(ifindex, link);
    const attachment = { ...this.attacher.attach(ifindex, progFd), link };
    this.attachments.set(ifindex, attachment);
    if (!this.carrying.has(link)) this.bare.add(ifindex);
    return attachment.mode;
  }

  /** Whether the device has `home`. */
  hasHome(ifindex: number): boolean {
    return this.homes.has(ifindex);
  }

  /** Interface indices of those attached whose packets go to the engine, carried flows' too. */
  get bareDevices(): readonly number[] {
    return [...this.bare];
  }

  /** The same for the host's device in a network of our own, where nothing is to be taken: the engine has seen it. */
  attachOwn(ifindex: number): void {
    const asOthers = this.attachments.get(ifindex); // it was there before its network, left by a former process
    if (this.homes.has(ifindex) && asOthers === undefined) return;
    asOthers?.detach();
    this.attachments.delete(ifindex);
    this.attachHome(ifindex, "ethernet");
    bpf.updateBatch(this.maps.own, bytes(Int32Array.of(ifindex)), new Uint8Array(VALUE_SIZE), 1);
  }

  /** Also for a device that is gone. Nothing happens when it was not attached. */
  detach(ifindex: number): void {
    bpf.deleteBatch(this.maps.own, bytes(Int32Array.of(ifindex)), 4, 1);
    this.bare.delete(ifindex);
    for (const attached of [this.attachments, this.homes]) {
      attached.get(ifindex)?.detach();
      attached.delete(ifindex);
    }
  }

  /** Interface indices of what was attached to, the uplinks not among them. */
  attached(): number[] {
    return [...new Set([...this.attachments.keys(), ...this.homes.keys()])];
  }

  /** Whether the program with this number is what `attach` puts on the egress of Ethernet devices, of this process or of another one like it. */
  isHome(id: number): boolean {
    const own = bpf.programInfo(this.homeFor("ethernet"));
    return id === own.id || bpf.programName(id) === own.name;
  }

  close(): void {
    for (const ifindex of this.attached()) this.detach(ifindex);
    this.programs.clear();
  }

  /** Of the programs that each host needs, those that are not there yet. */
  loadingUsual(): bpf.Steps<number>[] {
    const steer = USUAL_LINKS.filter((link) => !this.programs.has(link)).map((link) => this.loadingSteer(link));
    return [...steer, this.loadingHome("ethernet")];
  }

  private programFor(link: LinkLayer): number {
    return this.programs.get(link) ?? bpf.now(this.loadingSteer(link));
  }

  private *loadingSteer(link: LinkLayer): bpf.Steps<number> {
    const fd = yield* this.descriptors.loading(
      link,
      steerProgram(link, this.options.uplinks, this.maps, { ...this.options, offload: false }),
    );
    this.programs.set(link, fd);
    return fd;
  }

  private attachHome(ifindex: number, link: LinkLayer): void {
    if (this.homes.has(ifindex)) return;
    this.homes.set(ifindex, this.attacher.attach(ifindex, this.homeFor(link), "egress"));
  }

  private homeFor(link: LinkLayer): number {
    return this.homeFds.get(link) ?? bpf.now(this.loadingHome(link));
  }

  private *loadingHome(link: LinkLayer): bpf.Steps<number> {
    const fd = yield* this.descriptors.loading("home", homeProgram(link, this.options.uplinks, this.maps, this.options));
    this.homeFds.set(link, fd);
    return fd;
  }
}
