import { describe, expect, it } from "vitest";
import { Addresses, rawWords } from "../../src/table/addresses.js";
import { FRESH_SEC, Routes } from "../../src/table/routes.js";
import { NO_ADDRESS } from "../../src/wire/address-word.js";
import { isRefused, REFUSED_NO_ROUTE, REFUSED_PROHIBITED, REFUSED_SILENTLY, REFUSED_UNREACHABLE } from "../../src/wire/route-answer.js";
import { ip, raw } from "../support/dataplane.js";
import { type FakeRoute, FakeRouting } from "./fake-routing.js";

const UDP = 17,
  TCP = 6;

describe.each([
  { any: "0.0.0.0/0", a: "172.17.0.4", b: "172.17.0.5", far: "203.0.113.5", own: "192.0.2.1", vpn: "10.8.0.2", next: "192.0.2.9" },
  { any: "::/0", a: "fd00::4", b: "fd00::5", far: "2001:db8:5::5", own: "2001:db8::1", vpn: "fd08::2", next: "2001:db8::9" },
])("the way to $far", ({ any, a, b, far, own, vpn, next }) => {
  const routing = (): FakeRouting => new FakeRouting({ dst: any, source: own, device: 2 }, { dst: any, source: vpn, device: 3, from: b });

  /** Answers in text, or as a REFUSED_*. */
  function begin(host: FakeRouting, { refused = [], exact = false }: { refused?: number[]; exact?: boolean } = {}) {
    const addresses = new Addresses(64, () => 7);
    const routes = new Routes(addresses, host, 7);
    routes.change(refused, exact);
    const word = (text: string): number => addresses.take(ip(text));
    const say = (answer: number): string | number => (isRefused(answer) ? answer : addresses.text(answer));
    const via = (src: string, ports: number, now: number, proto = UDP) => say(routes.via(word(src), word(far), proto, ports, 0, now));
    return { addresses, routes, via, own: () => say(routes.sourceTo(word(far), 100)) };
  }

  it("is asked for once for each pair of source and destination, until the host changes or the answer is old", () => {
    const host = routing();
    const { routes, via } = begin(host);
    for (const ports of [1, 2]) expect(via(a, ports, 100)).toBe(own);
    expect([via(b, 1, 100), host.asked]).toEqual([vpn, 2]);
    host.replace([{ dst: any, source: next }]);
    expect(via(a, 1, 100 + FRESH_SEC - 1)).toBe(own);
    expect(via(a, 1, 100 + FRESH_SEC)).toBe(next);
    host.replace([]);
    routes.change([], false);
    expect(via(a, 1, 100 + FRESH_SEC)).toBe(REFUSED_NO_ROUTE);
  });

  it("is asked for each packet where it depends on ports", () => {
    const host = routing();
    const { via } = begin(host, { exact: true });
    for (const ports of [1, 2, 2]) via(a, ports, 100);
    expect(host.asked).toBe(3);
  });

  it("does not lead out of a device that is refused, but for the host itself", () => {
    const one = begin(routing(), { refused: [3] });
    expect([one.via(a, 1, 100), one.via(b, 1, 100)]).toEqual([own, REFUSED_NO_ROUTE]);
    const both = begin(routing(), { refused: [2, 3] });
    expect([both.via(a, 1, 100), both.own()]).toEqual([REFUSED_NO_ROUTE, own]);
  });

  it("has the host's own address on it, and is none where nobody can be asked", () => {
    expect(begin(routing()).own()).toBe(own);
    const addresses = new Addresses(4, () => 7);
    expect(new Routes(addresses, undefined, 7).sourceTo(addresses.take(ip(far)), 100)).toBe(REFUSED_NO_ROUTE);
  });
});

it("tells refusals from addresses, of which none begins with 0", () => {
  expect([REFUSED_NO_ROUTE, REFUSED_UNREACHABLE, REFUSED_PROHIBITED, REFUSED_SILENTLY].map(isRefused)).toEqual([true, true, true, true]);
  expect(["1.0.0.0", "10.0.0.1", "255.0.0.1"].map((text) => isRefused(raw(text)))).toEqual([false, false, false]);
});

it("keeps what it is told however many destinations there are", () => {
  const host = new FakeRouting({ dst: "0.0.0.0/0", source: "192.0.2.1" }, { dst: "10.0.0.0/8", source: "10.0.0.1" });
  const routes = new Routes(new Addresses(1, () => 7), host, 7);
  for (let n = 0; n < 20_000; n++) {
    const dst = raw(`${n % 2 === 0 ? 10 : 11}.0.${n >> 8}.${n & 255}`);
    expect(routes.via(raw("172.17.0.4"), dst, UDP, 1, 0, 100)).toBe(raw(n % 2 === 0 ? "10.0.0.1" : "192.0.2.1"));
  }
});

describe("what is kept of IPv6", () => {
  const to = (text: string, source: string): FakeRoute => ({ dst: `${text}/128`, source });
  const [FIRST, SECOND] = ["2001:db8:5::5", "2001:db8:6::6"];

  it("is kept under the address itself: a handle that was another's before has an answer of its own", () => {
    const addresses = new Addresses(64, () => 7);
    const routes = new Routes(addresses, new FakeRouting(to(FIRST, "2001:db8::1"), to(SECOND, "2001:db8::2")), 7);
    const src = addresses.take(ip("fd00::4"));
    const answers = [FIRST, SECOND].map((far) => {
      const dst = addresses.intern(rawWords(ip(far)), 0);
      const answer = addresses.text(routes.via(src, dst, UDP, 1, 0, 100));
      addresses.sweep();
      return [dst, answer];
    });
    expect(answers).toEqual([
      [answers[0]![0], "2001:db8::1"],
      [answers[0]![0], "2001:db8::2"],
    ]);
  });

  it("holds its source as long as it is kept, and is by protocol, as next hops are", () => {
    const addresses = new Addresses(64, () => 7);
    const host = new FakeRouting(to(FIRST, "2001:db8::1"));
    const routes = new Routes(addresses, host, 7);
    const [src, dst] = [addresses.take(ip("fd00::4")), addresses.take(ip(FIRST))];
    for (const proto of [UDP, TCP, UDP]) routes.via(src, dst, proto, 1, 0, 100);
    expect(host.asked).toBe(2);
    const source = (): number => addresses.find(rawWords(ip("2001:db8::1")), 0);
    addresses.sweep();
    expect(source()).not.toBe(NO_ADDRESS);
    routes.change([], false);
    addresses.sweep();
    expect([source(), addresses.used]).toEqual([NO_ADDRESS, 2]);
  });
});
