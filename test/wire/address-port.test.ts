import { expect, it } from "vitest";
import { addressPort } from "../../src/wire/address-port.js";

it.each([
  ["172.17.0.4", 80, "172.17.0.4:80"],
  ["0.0.0.0", "8000-8009", "0.0.0.0:8000-8009"],
  ["::", 8081, "[::]:8081"],
  ["2001:db8::1", 53, "[2001:db8::1]:53"],
  ["fe80::1%eth0", 53, "[fe80::1%eth0]:53"],
])("address %s and port %s are %s", (address, port, text) => {
  expect(addressPort(address, port)).toBe(text);
});
