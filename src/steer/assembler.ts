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

const CLASS_LDX = 0x01,
  CLASS_ST = 0x02,
  CLASS_STX = 0x03,
  CLASS_JMP = 0x05,
  CLASS_ALU64 = 0x07;
const MODE_MEM = 0x60,
  MODE_ATOMIC = 0xc0,
  SOURCE_REGISTER = 0x08;
const SIZES: Record<Size, number> = { u32: 0x00, u16: 0x08, u8: 0x10, u64: 0x18 };
const ALU: Record<Alu, number> = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  mod: 0x90,
  xor: 0xa0,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  mov: 0xb0,
};
const CONDITIONS: Record<Condition, number> = { "==": 0x10, ">": 0x20, "!=": 0x50, "<": 0xa0 };
const JUMP_ALWAYS = 0x00,
  CALL = 0x80,
  EXIT = 0x90;
const LOAD_IMM64 = 0x18,
  PSEUDO_MAP_FD = 1;

const number = (reg: Reg): number => Number(reg.slice(1));

export class Assembler {
  private readonly code: { opcode: number; registers: number; offset: number; imm: number; target?: string }[] = [];
  private readonly labels = new Map<string, number>();
  private scope = "";

  /** dst = dst `op` src; `mov`: dst = src. */
  alu(op: Alu, dst: Reg, src: Reg | number): this {
    return this.withSource(CLASS_ALU64 | ALU[op], dst, 0, src);
  }

  mov(dst: Reg, src: Reg | number): this {
    return this.alu("mov", dst, src);
  }

  /** dst = memory at base + offset, zero-extended. */
  load(size: Size, dst: Reg, base: Reg, offset: number): this {
    return this.emit(CLASS_LDX | MODE_MEM | SIZES[size], number(dst) | (number(base) << 4), offset, 0);
  }

  /** Memory at base + offset = value. */
  store(size: Size, base: Reg, offset: number, value: Reg | number): this {
    const opcode = MODE_MEM | SIZES[size];
    if (typeof value === "number") return this.emit(CLASS_ST | opcode, number(base), offset, value);
    return this.emit(CLASS_STX | opcode, number(base) | (number(value) << 4), offset, 0);
  }

  /** Memory at base + offset += src, in one step for all CPUs. */
  atomicAdd(size: "u32" | "u64", base: Reg, offset: number, src: Reg): this {
    return this.emit(CLASS_STX | MODE_ATOMIC | SIZES[size], number(base) | (number(src) << 4), offset, ALU.add);
  }

  /** dst = the map behind a descriptor of this process. Two slots. */
  loadMap(dst: Reg, mapFd: number): this {
    return this.emit(LOAD_IMM64, number(dst) | (PSEUDO_MAP_FD << 4), 0, mapFd).emit(0, 0, 0, 0);
  }

  jump(label: string): this {
    return this.emit(CLASS_JMP | JUMP_ALWAYS, 0, 0, 0, label);
  }

  jumpIf(dst: Reg, condition: Condition, src: Reg | number, label: string): this {
    return this.withSource(CLASS_JMP | CONDITIONS[condition], dst, 0, src, label);
  }

  /** Calls a kernel helper by number (enum bpf_func_id). */
  call(helper: number): this {
    return this.emit(CLASS_JMP | CALL, 0, 0, helper);
  }

  exit(): this {
    return this.emit(CLASS_JMP | EXIT, 0, 0, 0);
  }

  /** Names the next instruction. */
  label(name: string): this {
    const scoped = this.scope + name;
    if (this.labels.has(scoped)) throw new Error(`label '${scoped}' is there twice`);
    this.labels.set(scoped, this.code.length);
    return this;
  }

  /** From here on labels, and jumps to them, are those of a section with this name, which is not "": names may come again. */
  section(name: string): this {
    this.scope = `${name}: `;
    return this;
  }

  /** Instructions so far. */
  protected get size(): number {
    return this.code.length;
  }

  /** The program, 8 bytes an instruction. */
  assemble(): Uint8Array {
    const bytes = new Uint8Array(this.code.length * 8);
    const view = new DataView(bytes.buffer);
    this.code.forEach(({ opcode, registers, offset, imm, target }, i) => {
      view.setUint8(8 * i, opcode);
      view.setUint8(8 * i + 1, registers);
      view.setInt16(8 * i + 2, target === undefined ? offset : this.distance(i, target), true);
      view.setInt32(8 * i + 4, imm, true);
    });
    return bytes;
  }

  /** Instructions between the one after `from` and the label. */
  private distance(from: number, label: string): number {
    const at = this.labels.get(label);
    if (at === undefined) throw new Error(`label '${label}' is missing`);
    return at - from - 1;
  }

  private withSource(opcode: number, dst: Reg, offset: number, src: Reg | number, target?: string): this {
    if (typeof src === "number") return this.emit(opcode, number(dst), offset, src, target);
    return this.emit(opcode | SOURCE_REGISTER, number(dst) | (number(src) << 4), offset, 0, target);
  }

  private emit(opcode: number, registers: number, offset: number, imm: number, target?: string): this {
    this.code.push({ opcode, registers, offset, imm, ...(target === undefined ? {} : { target: this.scope + target }) });
    return this;
  }
}
