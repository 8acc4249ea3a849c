/**
 * The addon's sealing against `node:crypto`, which is held to published vectors first. Both have the OpenSSL of Node.js behind them: what is compared is what is
 * put where.
 */
import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NativeSealer } from "../../src/device/native-sealer.js";
import { PacketMemory } from "../../src/mem/packet-memory.js";
import { SEAL_DESCRIPTOR, SEAL_RESULT } from "../../src/mem/sealer.js";
import { native } from "../../src/sys/native.js";
import { CIPHERS, CryptoSealer, open, seal } from "../support/crypto-sealer.js";
import { payload } from "../support/packets.js";

const ENOKEY = 126,
  EBADMSG = 74,
  EINVAL = 22;
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/\s/g, ""), "hex"));
const KEY = payload(32);

it("this Node.js has what is needed", () => expect(native.sealSupport()).toBeGreaterThan(0));

it("node:crypto has ChaCha20-Poly1305 as RFC 8439 §2.8.2 has it", () => {
  const key = hex("808182838485868788898a8b8c8d8e8f 909192939495969798999a9b9c9d9e9f");
  const c = createCipheriv("chacha20-poly1305", key, hex("070000004041424344454647"), { authTagLength: 16 });
  const text = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
  c.setAAD(hex("50515253c0c1c2c3c4c5c6c7"), { plaintextLength: text.length });
  const body = Buffer.concat([c.update(text, "latin1"), c.final()]).toString("hex");
  expect([body.slice(0, 32), c.getAuthTag().toString("hex")]).toEqual([
    "d31a8d34648e60db7b86afbc53ef7ec2",
    "1ae10b594f09e26a7e902ecbd0600691",
  ]);
});

it("node:crypto has AES-256-GCM as NIST has it (The Galois/Counter Mode of Operation, McGrew and Viega, test case 16)", () => {
  const key = hex("feffe9928665731c6d6a8f9467308308 feffe9928665731c6d6a8f9467308308");
  const c = createCipheriv("aes-256-gcm", key, hex("cafebabefacedbaddecaf888"));
  c.setAAD(hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"));
  const plain = hex(
    "d9313225f88406e5a55909c5aff5269a 86a7a9531534f7da2e4c303d8a318a72 1c3c0c95956809532fcf0e2449a6b525 b16aedf5aa0de657ba637b39",
  );
  const body = Buffer.concat([c.update(plain), c.final()]).toString("hex");
  expect([body.slice(0, 32), c.getAuthTag().toString("hex")]).toEqual([
    "522dc1f099567d07f47f37a32a84427d",
    "76fc6ece0f4e1768cddf8853bb2d551b",
  ]);
});

interface Rig {
  memory: PacketMemory;
  sealer: NativeSealer;
  /** What `run` says of messages at these places, of these lengths without a tag. */
  run(messages: readonly (readonly [key: number, at: number, length: number])[]): number[];
}

function rig(): Rig {
  const memory = new PacketMemory();
  const sealer = new NativeSealer(memory);
  return {
    memory,
    sealer,
    run: (messages) => {
      for (const [n, message] of messages.entries()) sealer.work.set(message, n * SEAL_DESCRIPTOR);
      const failed = sealer.run(messages.length);
      const results = messages.map((_, n) => sealer.work[n * SEAL_DESCRIPTOR + SEAL_RESULT]!);
      expect(failed).toBe(results.filter((result) => result !== 0).length);
      return results;
    },
  };
}

describe.each(CIPHERS.map((name, cipher) => [name, cipher] as const))("%s", (_, cipher) => {
  it("seals as node:crypto does, at every length and offset, and opens it again, in place and nothing beside it", () => {
    const { memory, sealer, run } = rig();
    sealer.setKey(0, cipher, KEY, true);
    sealer.setKey(1, cipher, KEY, false);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 3000 }), fc.integer({ min: 1, max: 70 }), (message, at) => {
        memory.bytes.fill(0xa5, 0, 4000);
        memory.bytes.set(message, at);
        expect(run([[0, at, message.length]])).toEqual([0]);
        const whole = memory.bytes.slice(at - 1, at + message.length + 17);
        expect(Buffer.compare(whole, Buffer.concat([Uint8Array.of(0xa5), seal(cipher, KEY, message), Uint8Array.of(0xa5)]))).toBe(0);
        expect(run([[1, at, message.length]])).toEqual([0]);
        expect(Buffer.compare(memory.bytes.subarray(at, at + message.length), message)).toBe(0);
        expect(open(cipher, KEY, whole.subarray(1, -1))).toEqual(message);
      }),
      { numRuns: 200 },
    );
  });

  it("says of each message of a batch whether it is authentic, whatever the others are", () => {
    const { memory, sealer, run } = rig();
    sealer.setKey(3, cipher, KEY, false);
    const messages = Array.from({ length: 64 }, (_, n) => payload(16 + n * 20).map((byte) => byte ^ n));
    messages.forEach((message, n) => {
      memory.bytes.set(seal(cipher, KEY, message), n * 2000);
      if (n % 3 === 0) memory.bytes[n * 2000 + (n % 2 === 0 ? 2 : message.length + 3)]! ^= 1; // header, or tag
    });
    const results = run(messages.map((message, n) => [3, n * 2000, message.length] as const));
    expect(results).toEqual(messages.map((_, n) => (n % 3 === 0 ? -EBADMSG : 0)));
  });
});

it("refuses a key that is not there, any more or yet, and what lies outside of memory", () => {
  const { memory, sealer, run } = rig();
  sealer.setKey(0, 0, KEY, true);
  const end = memory.bytes.length;
  const messages = [[1, 0, 100], [-1, 0, 100], [0, -1, 100], [0, 0, 15], [0, 0, -5], [0, end - 100, 85], [0, end - 100, 84], [100_000, 0, 100]] as const; // biome-ignore format: a table
  expect(run(messages)).toEqual([-ENOKEY, -ENOKEY, -EINVAL, -EINVAL, -EINVAL, -EINVAL, 0, -ENOKEY]);
  sealer.dropKey(0);
  sealer.dropKey(0);
  sealer.dropKey(77);
  expect(run([[0, 0, 100]])).toEqual([-ENOKEY]);
  expect(() => sealer.setKey(0, 0, KEY.subarray(1), true)).toThrow("EINVAL");
  sealer.setKey(0, 1, KEY, true);
  expect(run([[0, 0, 100]])).toEqual([0]);
});

it("opens what the tests' own sealer has sealed", () => {
  const { memory, sealer, run } = rig();
  const other = new CryptoSealer(memory);
  other.setKey(0, 1, KEY, true);
  sealer.setKey(0, 1, KEY, false);
  memory.bytes.set(payload(1400), 50);
  other.work.set([0, 50, 1400]);
  expect(other.run(1)).toBe(0);
  expect(run([[0, 50, 1400]])).toEqual([0]);
});
