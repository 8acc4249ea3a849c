import { describe, expect, it } from "vitest";
import { Assembler } from "../../src/steer/assembler.js";

const hex = (program: Assembler): string[] => Buffer.from(program.assemble()).toString("hex").match(/.{16}/g) ?? [];

// Expected bytes: opcode, registers, offset and immediate by hand from RFC 9669 §3 to §5.
describe("Assembler", () => {
  it("encodes 64-bit arithmetic with register and immediate sources", () => {
    const p = new Assembler().mov("r6", "r1").mov("r0", -1).alu("add", "r2", "r10").alu("add", "r2", -32).alu("and", "r0", 0x0f);
    expect(hex(p)).toEqual(["bf16000000000000", "b7000000ffffffff", "0fa2000000000000", "07020000e0ffffff", "570000000f000000"]);
    expect(hex(new Assembler().alu("or", "r1", "r2").alu("lsh", "r3", 2).alu("rsh", "r9", 63))).toEqual([
      "4f21000000000000",
      "6703000002000000",
      "770900003f000000",
    ]);
  });

  it("encodes loads of every size", () => {
    const p = new Assembler()
      .load("u8", "r0", "r10", -32)
      .load("u16", "r1", "r6", 4)
      .load("u32", "r2", "r6", 16)
      .load("u64", "r3", "r0", 8);
    expect(hex(p)).toEqual(["71a0e0ff00000000", "6961040000000000", "6162100000000000", "7903080000000000"]);
  });

  it("encodes stores of registers and of immediates", () => {
    const p = new Assembler()
      .store("u8", "r10", -1, "r8")
      .store("u16", "r10", -4, "r0")
      .store("u32", "r10", -8, 2)
      .store("u64", "r10", -16, 0);
    expect(hex(p)).toEqual(["738affff00000000", "6b0afcff00000000", "620af8ff02000000", "7a0af0ff00000000"]);
  });

  it("encodes a map reference as two slots", () => {
    expect(hex(new Assembler().loadMap("r1", 7))).toEqual(["1811000007000000", "0000000000000000"]);
  });

  it("encodes calls and exit", () => {
    expect(hex(new Assembler().call(152).exit())).toEqual(["8500000098000000", "9500000000000000"]);
  });

  it("counts jumps from the next instruction, forwards and backwards, over map references", () => {
    const p = new Assembler()
      .label("start")
      .jumpIf("r0", "==", 0, "end")
      .loadMap("r1", 3)
      .jumpIf("r7", "!=", "r8", "start")
      .jumpIf("r0", "<", 5, "end")
      .jumpIf("r0", ">", 9, "end")
      .jump("start")
      .label("end")
      .exit();
    expect(hex(p)).toEqual([
      "1500060000000000",
      "1811000003000000",
      "0000000000000000",
      "5d87fcff00000000",
      "a500020005000000",
      "2500010009000000",
      "0500f9ff00000000",
      "9500000000000000",
    ]);
  });

  it("refuses a label that is missing or there twice", () => {
    expect(() => new Assembler().jump("nowhere").assemble()).toThrow("'nowhere' is missing");
    expect(() => new Assembler().label("a").label("a")).toThrow("'a' is there twice");
  });
});
