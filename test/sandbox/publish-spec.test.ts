import { expect, it } from "vitest";
import { parseExpose, parsePublish } from "../../src/sandbox/publish-spec.js";

/** As Docker's own tests write it: `IP:FIRST-LAST:FIRST-LAST/proto`. */
function text(spec: string): string {
  const p = parsePublish(spec);
  return `${p.hostIp}:${p.hostPort}-${p.hostPortEnd}:${p.targetPort}-${p.targetPortEnd}/${p.proto}${p.pickFromRange ? " pick" : ""}`;
}

it.each([
  ["80", ":0-0:80-80/tcp"],
  ["80/udp", ":0-0:80-80/udp"],
  ["80/sctp", ":0-0:80-80/sctp"],
  ["80/", ":0-0:80-80/tcp"],
  ["8999:80", ":8999-8999:80-80/tcp"],
  [":80", ":0-0:80-80/tcp"],
  ["127.0.0.1:8999:80/TCP", "127.0.0.1:8999-8999:80-80/tcp"],
  ["127.0.0.1::80", "127.0.0.1:0-0:80-80/tcp"],
  ["[127.0.0.1]:8999:80", "127.0.0.1:8999-8999:80-80/tcp"],
  ["[::1]:8999:80", "::1:8999-8999:80-80/tcp"],
  ["::1:8999:80", "::1:8999-8999:80-80/tcp"],
  ["[FE80:0::1%eth0]::80", "fe80::1%eth0:0-0:80-80/tcp"],
  ["::80", ":0-0:80-80/tcp"],
  ["8000-8009:9000-9009", ":8000-8009:9000-9009/tcp"],
  ["8000-8009:80", ":8000-8009:80-80/tcp pick"],
])("%s means %s, as to Docker", (spec, expected) => {
  expect(text(spec)).toBe(expected);
});

it.each([
  ["", "no port specified: <empty>"],
  ["8999:", "no port specified: 8999:<empty>"],
  ["80/xyz", "invalid proto: xyz"],
  ["1.2.3:8999:80", "invalid IP address: 1.2.3"],
  ["::g:8999:80", "invalid IP address: ::g"],
  ["[::1%eth0]:8999:80", "invalid IP address: ::1%eth0: '[::1%eth0]': only a link-local address belongs to an interface"],
  ["[fe80::1]:8999:80", "invalid IP address: fe80::1: host address '[fe80::1]' is link-local: it belongs to one interface"],
  [
    "[::ffff:127.0.0.1]:8999:80",
    "invalid IP address: ::ffff:127.0.0.1: host address '[::ffff:127.0.0.1]' is an IPv4 address in the form of IPv6",
  ],
  ["224.0.0.1:8999:80", "invalid IP address: 224.0.0.1: host address '224.0.0.1' is multicast, broadcast or reserved"],
  ["0", "invalid containerPort: 0"],
  ["http", "invalid containerPort: http"],
  ["99999", "invalid containerPort: 99999"],
  ["90-80", "invalid containerPort: 90-80"],
  ["x:80", "invalid hostPort: x"],
  ["8000-8001:80-89", "invalid ranges specified for container and host Ports: 80-89 and 8000-8001"],
  ["80-89", "invalid ranges specified for container and host Ports: 80-89 and "],
])("'%s' is refused in Docker's words", (spec, message) => {
  expect(() => parsePublish(spec)).toThrow(expect.objectContaining({ code: "TSP_ERR_PORT_SPEC", kind: "invalid", message }));
});

it.each([
  ["80:api:8080", "api", ":80-80:8080-8080/tcp"],
  ["127.0.0.1:80:api-1.x:8080/udp", "api-1.x", "127.0.0.1:80-80:8080-8080/udp"],
  ["[::1]:80-81:api:8080-8081", "api", "::1:80-81:8080-8081/tcp"],
])("%s leads to all that are called %s", (spec, name, expected) => {
  expect([parsePublish(spec).name, text(spec)]).toEqual([name, expected]);
});

it.each([
  ["api:8080", "invalid hostPort: api"],
  ["127.0.0.1:api:8080", "invalid hostPort: api"],
  ["80:_x:8080", "invalid IP address: 80"],
  ["80-81:api:8080", "one host port of a range cannot be picked for the name api"],
  ["80:api:x", "invalid containerPort: x"],
])("%s leads to none: %s", (spec, message) => {
  expect(() => parsePublish(spec)).toThrow(message);
});

it("--expose takes a port or a range, with a protocol", () => {
  expect(parseExpose("80")).toEqual({ proto: "tcp", first: 80, last: 80 });
  expect(parseExpose("8000-8009/UDP")).toEqual({ proto: "udp", first: 8000, last: 8009 });
  expect(() => parseExpose("1:2")).toThrow("invalid port format for --expose: 1:2");
  for (const text of ["", "x", "0", "9-8", "80/xyz", "80/tcp/udp"])
    expect(() => parseExpose(text)).toThrow(`invalid range format for --expose: ${text}`);
});
