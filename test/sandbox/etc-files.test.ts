import { describe, expect, it } from "vitest";
import { hostsFile, parseResolvConf, resolvConf } from "../../src/sandbox/etc-files.js";

const NOTHING = { servers: [], search: [], options: [] };

it("hosts has what Docker's has, then the sandbox's own lines", () => {
  const lines = hostsFile([{ address: "172.17.0.2", names: ["web", "www"] }]).split("\n");
  expect(lines[0]).toBe("127.0.0.1\tlocalhost");
  expect(lines[1]).toBe("::1\tlocalhost ip6-localhost ip6-loopback");
  expect(lines.slice(-2)).toEqual(["172.17.0.2\tweb www", ""]);
  expect(hostsFile([], false)).toBe("127.0.0.1\tlocalhost\n");
});

describe("resolv.conf", () => {
  const host = parseResolvConf(
    "# made by hand\nnameserver 127.0.0.53\nnameserver 192.0.2.53 ; the second\nsearch a.test\nsearch lan example.org\noptions edns0\noptions timeout:2\n",
  );

  it("is read as resolv.conf(5) says: comments, several servers and options, the last search", () => {
    expect(host).toEqual({ servers: ["127.0.0.53", "192.0.2.53"], search: ["lan", "example.org"], options: ["edns0", "timeout:2"] });
    expect(parseResolvConf("domain lan\n")).toEqual({ ...NOTHING, search: ["lan"] });
  });

  it("on bridge is the host's, without servers on its loopback; where none is left, Docker's", () => {
    expect(resolvConf(host, NOTHING, false)).toBe("nameserver 192.0.2.53\nsearch lan example.org\noptions edns0 timeout:2\n");
    expect(resolvConf({ ...NOTHING, servers: ["127.0.0.53", "::1"] }, NOTHING, false, [4])).toBe(
      "nameserver 8.8.8.8\nnameserver 8.8.4.4\n",
    );
  });

  it("on bridge leaves out servers of a family that it has not, and those on a link of the host's", () => {
    const six = { ...NOTHING, servers: ["2001:db8::53", "fe80::1%eth0", "192.0.2.53"] };
    expect(resolvConf(six, NOTHING, false, [4])).toBe("nameserver 192.0.2.53\n");
    expect(resolvConf(six, NOTHING, false, [4, 6])).toBe("nameserver 2001:db8::53\nnameserver 192.0.2.53\n");
    expect(resolvConf(NOTHING, NOTHING, false, [6])).toBe("nameserver 2001:4860:4860::8888\nnameserver 2001:4860:4860::8844\n");
  });

  it("on a network that people made names 127.0.0.11, and asks for names without dots as they are", () => {
    expect(resolvConf(host, NOTHING, true)).toBe("nameserver 127.0.0.11\nsearch lan example.org\noptions edns0 timeout:2 ndots:0\n");
    expect(resolvConf(host, { ...NOTHING, options: ["ndots:2"] }, true)).toContain("options ndots:2\n");
  });

  it("has what was given instead; `.` searches nowhere", () => {
    const given = { servers: ["192.0.2.9"], search: ["."], options: ["rotate"] };
    expect(resolvConf(host, given, false)).toBe("nameserver 192.0.2.9\noptions rotate\n");
    expect(resolvConf(host, { ...given, search: ["shop.test"] }, true)).toBe(
      "nameserver 127.0.0.11\nsearch shop.test\noptions rotate ndots:0\n",
    );
  });
});
