/** The dataplane's ports by number, as people know them, and who wants to hear of a port's end. */
import type { PortStats } from "../api/types.js";
/** A port as people know it. */
export interface PortInfo {
    port: number;
    /** Device name. */
    name: string;
    kind: PortStats["kind"];
    /** Endpoint: its address; of both families with a comma between. */
    address?: string;
}
export declare class PortNumbers {
    private readonly taken;
    /** The lowest number that no other port has. `onGone`: its device ended by itself. Throws TSP_ERR_ENDPOINT (unavailable) when all are taken. */
    take(info: Omit<PortInfo, "port">, onGone?: () => void): number;
    /** The number may be taken again. */
    give(port: number): void;
    info(port: number): PortInfo | undefined;
    all(): PortInfo[];
    /** Tells who asked to hear of the port's end; false: nobody did. */
    onGone(port: number): boolean;
}
