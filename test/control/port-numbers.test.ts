import { describe, expect, it } from "vitest";
import { PortNumbers } from "../../src/control/port-numbers.js";
import { MAX_PORTS } from "../../src/table/ports.js";

const port = (name: string) => ({ name, kind: "endpoint" as const, address: "172.17.0.4" });

describe("port numbers", () => {
  it("are the lowest free ones, and a number that is given back is taken again", () => {
    const numbers = new PortNumbers();
    expect([numbers.take(port("a")), numbers.take(port("b")), numbers.take(port("c"))]).toEqual([0, 1, 2]);
    numbers.give(1);
    expect(numbers.info(1)).toBeUndefined();
    expect(numbers.take(port("d"))).toBe(1);
    expect(numbers.info(1)).toEqual({ port: 1, ...port("d") });
    expect(
      numbers
        .all()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["a", "c", "d"]);
  });

  it("tell who asked that a port is gone, and nobody once the number was given back", () => {
    const numbers = new PortNumbers();
    const gone: string[] = [];
    const a = numbers.take(port("a"), () => gone.push("a"));
    const b = numbers.take(port("b"));
    for (const number of [a, b, 7]) numbers.onGone(number);
    expect(gone).toEqual(["a"]);
    numbers.give(a);
    numbers.onGone(a);
    expect(gone).toEqual(["a"]);
  });

  it("end with the dataplane's last port, with an error that says what to do", () => {
    const numbers = new PortNumbers();
    for (let i = 0; i < MAX_PORTS; i++) numbers.take(port(`${i}`));
    expect(() => numbers.take(port("more"))).toThrow(expect.objectContaining({ code: "TSP_ERR_ENDPOINT", kind: "unavailable" }));
    numbers.give(5);
    expect(numbers.take(port("more"))).toBe(5);
  });
});
