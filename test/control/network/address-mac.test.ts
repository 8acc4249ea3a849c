import { expect, it } from "vitest";
import { addressMac } from "../../../src/control/network/address-mac.js";
import { macText } from "../../../src/wire/ethernet.js";
import { ip } from "./site-fixture.js";

it("has the address in it, behind Docker's two bytes", () => {
  expect(["172.17.3.4", "10.0.255.1", "255.254.253.252"].map((text) => macText(addressMac(ip(text))))).toEqual([
    "02:42:ac:11:03:04",
    "02:42:0a:00:ff:01",
    "02:42:ff:fe:fd:fc",
  ]);
});
