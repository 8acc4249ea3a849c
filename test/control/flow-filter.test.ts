import { describe, expect, it } from "vitest";
import { isMeant, parseFlowFilter, parseFlowsToEnd } from "../../src/control/flow-filter.js";
import type { FlowRow } from "../../src/engine/views.js";

function row(src: string, dst: string): FlowRow {
  const original = { src, dst };
  return { proto: "tcp", state: "established", original, reply: original, timeoutSec: 1, offloaded: false, packets: [1, 1] };
}

describe("a filter of flows", () => {
  it.each([
    [{}, true],
    [{ client: "192.0.2.10" }, true],
    [{ client: "192.0.2.0/24" }, true],
    [{ client: "0.0.0.0/0" }, true],
    [{ client: "192.0.2.1" }, false],
    [{ client: "198.51.100.0/24" }, false],
    [{ port: "8999" }, true],
    [{ port: "899" }, false],
    [{ client: "192.0.2.0/28", port: "8999" }, true],
    [{ client: "192.0.2.0/28", port: "8998" }, false],
    [{ client: "192.0.2.16/28", port: "8999" }, false],
  ])("%o takes 192.0.2.10:40000 to port 8999: %s", (words, meant) => {
    expect(isMeant(parseFlowFilter(words), row("192.0.2.10:40000", "192.0.2.1:8999"))).toBe(meant);
  });

  it.each([
    [{ client: "2001:db8::10" }, true],
    [{ client: "2001:db8::/32" }, true],
    [{ client: "2001:DB8:0::10" }, true],
    [{ client: "::/0", port: "8999" }, true],
    [{ client: "2001:db8::1" }, false],
    [{ client: "0.0.0.0/0" }, false],
    [{ port: "899" }, false],
  ])("%o takes [2001:db8::10]:40000 to port 8999: %s", (words, meant) => {
    expect(isMeant(parseFlowFilter(words), row("[2001:db8::10]:40000", "[2001:db8::1]:8999"))).toBe(meant);
  });

  it("says how IPv4 clients are written", () => {
    for (const [client, hint] of [
      ["::ffff:192.0.2.1", "IPv4 clients are written so: 192.0.2.1/32"],
      ["::ffff:192.0.2.0/120", "IPv4 clients are written so: 192.0.2.0/24"],
    ])
      expect(() => parseFlowFilter({ client })).toThrow(expect.objectContaining({ code: "TSP_ERR_OPTION", hint }));
  });

  it.each([
    [{ client: "[2001:db8::10]" }],
    [{ client: "fe80::1%eth0" }],
    [{ client: "2001:db8::/129" }],
    [{ client: "banana" }],
    [{ client: "192.0.2.0/33" }],
    [{ client: "" }],
    [{ port: "0" }],
    [{ port: "65536" }],
    [{ port: "http" }],
    [{ port: "" }],
  ])("refuses %o, and names the word", (words) => {
    const [word] = Object.values(words);
    expect(() => parseFlowFilter(words)).toThrow(
      expect.objectContaining({ code: "TSP_ERR_OPTION", kind: "invalid", message: expect.stringContaining(`'${word}'`) }),
    );
  });
});

describe("flows that are to be ended", () => {
  it("are those of a filter, or all of them where that is said", () => {
    expect(parseFlowsToEnd({ port: "80" })).toEqual(parseFlowFilter({ port: "80" }));
    expect(parseFlowsToEnd({ client: "192.0.2.1", port: "80" })).toEqual(parseFlowFilter({ client: "192.0.2.1", port: "80" }));
    expect(parseFlowsToEnd({ all: "1" })).toEqual({ client: undefined, port: undefined });
  });

  it.each([[{}], [{ all: "1", port: "80" }], [{ all: "1", client: "192.0.2.1" }]])("are not told by %o, which ends none", (words) => {
    expect(() => parseFlowsToEnd(words)).toThrow(
      expect.objectContaining({ code: "TSP_ERR_OPTION", kind: "invalid", hint: expect.stringContaining("all=1") }),
    );
  });
});
