import { describe, expect, test } from "bun:test";
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import {
  cosignatureLine,
  keyOf,
  keyText,
  readCheckpoint,
  readKey,
  readNote,
  signCheckpoint,
  signedBy,
  type Signer,
  withSignatures,
} from "./note.ts";
import { EMPTY_ROOT } from "./tree.ts";

/** A key of a fixed seed, so that what it signs is the same every time. */
function signer(name: string, seed: number): Signer {
  const pkcs8 = Buffer.concat([
    Buffer.from("302e020100300506032b657004220420", "hex"),
    Buffer.alloc(32, seed),
  ]);
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  return {
    name,
    sign: (text) => sign(null, Buffer.from(text), key).toString("base64"),
    publicKey: () => createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32),
  };
}

const LOG = signer("nanos/log", 1);
const WITNESS = signer("nanos-witness/one", 2);
const NOTE = signCheckpoint({ size: 7, root: EMPTY_ROOT }, LOG);

test("a key and a note of the standard's own examples are read", () => {
  // The example key and note of the signed-note specification's reference library.
  const key = readKey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  const note = readNote(
    "If you think cryptography is the answer to your problem,\n" +
      "then you don't know what your problem is.\n\n" +
      "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
  );
  expect(key && note && signedBy(note, key)).toEqual({
    line: expect.stringContaining("PeterNeumann"),
    seconds: null,
  });
});

test("a checkpoint and a cosignature are written, read and verified", () => {
  const text = readNote(NOTE)?.text ?? "";
  const both = withSignatures(NOTE, [cosignatureLine(text, 1_700_000_000, WITNESS)]);
  const note = readNote(both);
  expect(readCheckpoint(text)).toEqual({
    origin: "nanos/log",
    size: 7,
    root: Buffer.from(EMPTY_ROOT),
  });
  expect(note && signedBy(note, keyOf(LOG, "note"))?.seconds).toBeNull();
  expect(note && signedBy(note, keyOf(WITNESS, "cosignature"))?.seconds).toBe(1_700_000_000);
  // Neither signature passes for the other, and another's key verifies nothing.
  expect(note && signedBy(note, keyOf(LOG, "cosignature"))).toBeNull();
  expect(note && signedBy(note, keyOf(WITNESS, "note"))).toBeNull();
  expect(note && signedBy(note, keyOf(signer("nanos/log", 3), "note"))).toBeNull();
});

test("keys are read as they were written", () => {
  for (const type of ["note", "cosignature"] as const) {
    const key = keyOf(LOG, type);
    expect(readKey(keyText(key))).toEqual({ ...key, publicKey: Buffer.from(key.publicKey) });
  }
});

describe("what is not exactly a note, checkpoint or key is none", () => {
  const text = keyText(keyOf(LOG, "note"));
  test.each([
    ["", null],
    [text.slice(0, -1), null],
    [text.replace("nanos/log", "nanos/lag"), null],
    [`${text} `, null],
  ])("key %s", (given, expected) => {
    expect(readKey(given)).toBe(expected);
  });

  test.each([
    ["no empty line", NOTE.replace("\n\n", "\n")],
    ["no end", NOTE.slice(0, -1)],
    ["a hyphen for the dash", NOTE.replace("\u2014", "-")],
    ["a signature that is no base64", NOTE.replace(/ \S+\n$/u, " !!!\n")],
    ["too many signatures", NOTE + (NOTE.split("\n").at(-2) ?? "").concat("\n").repeat(64)],
    ["too long", "x".repeat(70_000) + NOTE],
  ])("note: %s", (_, given) => {
    expect(readNote(given)).toBeNull();
  });

  test.each([
    ["a size with a zero before it", "nanos/log\n07\n"],
    ["a size too large to count", "nanos/log\n9999999999999999\n"],
    ["a line more", "nanos/log\n7\nx\n"],
  ])("checkpoint: %s", (_, start) => {
    expect(readCheckpoint(`${start}${Buffer.from(EMPTY_ROOT).toString("base64")}\n`)).toBeNull();
  });
});

test("every bit of a note counts", () => {
  const bytes = Buffer.from(NOTE);
  const key = keyOf(LOG, "note");
  for (let at = 0; at < bytes.length; at++) {
    const spoiled = Buffer.from(bytes);
    spoiled.writeUInt8(spoiled.readUInt8(at) ^ 4, at);
    const note = readNote(spoiled.toString());
    expect([at, note === null ? null : signedBy(note, key)]).toEqual([at, null]);
  }
});
