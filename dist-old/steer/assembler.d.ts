/**
 * A small eBPF assembler: the instructions that the steering programs use, with labels.
 * Instruction set: RFC 9669. An instruction is 8 bytes: opcode, registers (destination in the low four bits, source in the
 * high ones), offset (int16), immediate (int32), little-endian.
 *
 * Arithmetic and comparison are 64 bits wide, and an immediate is sign-extended: compare a 32-bit load only with 0..2^31-1.
 */
/** r0 result, r1..r5 arguments (lost in a call), r6..r9 kept, r10 the frame pointer (read only, stack of 512 bytes below it). */
export type Reg = "r0" | "r1" | "r2" | "r3" | "r4" | "r5" | "r6" | "r7" | "r8" | "r9" | "r10";
export type Size = "u8" | "u16" | "u32" | "u64";
export type Alu = "mov" | "add" | "sub" | "and" | "or" | "lsh" | "rsh" | "xor" | "mul" | "div" | "mod";
/** Comparisons are unsigned. */
export type Condition = "==" | "!=" | "<" | ">";
export declare class Assembler {
    private readonly code;
    private readonly labels;
    private scope;
    /** dst = dst `op` src; `mov`: dst = src. */
    alu(op: Alu, dst: Reg, src: Reg | number): this;
    mov(dst: Reg, src: Reg | number): this;
    /** dst = memory at base + offset, zero-extended. */
    load(size: Size, dst: Reg, base: Reg, offset: number): this;
    /** Memory at base + offset = value. */
    store(size: Size, base: Reg, offset: number, value: Reg | number): this;
    /** The 64 bits at base + offset += src, in one step for all CPUs. */
    atomicAdd(base: Reg, offset: number, src: Reg): this;
    /** dst = the map behind a descriptor of this process. Two slots. */
    loadMap(dst: Reg, mapFd: number): this;
    jump(label: string): this;
    jumpIf(dst: Reg, condition: Condition, src: Reg | number, label: string): this;
    /** Calls a kernel helper by number (enum bpf_func_id). */
    call(helper: number): this;
    exit(): this;
    /** Names the next instruction. */
    label(name: string): this;
    /** From here on labels, and jumps to them, are those of a section with this name, which is not "": names may come again. */
    section(name: string): this;
    /** Instructions so far. */
    protected get size(): number;
    /** The program, 8 bytes an instruction. */
    assemble(): Uint8Array;
    /** Instructions between the one after `from` and the label. */
    private distance;
    private withSource;
    private emit;
}
