import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { canonical } from "../../std/canonical.ts";
import { sha256 } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import {
  bundled,
  evidenceLab,
  EVENTFUL,
  eventful,
  type Files,
  verifyBundle,
} from "../testing/evidence-lab.ts";

const lab = evidenceLab(EVENTFUL);
afterAll(() => lab[Symbol.dispose]());
const { world } = lab;
const WHOLE = await bundled(world, await eventful(lab), join(lab.dir, "whole"));

function text(files: Files, name: string): string {
  return Buffer.from(files.get(name) ?? "").toString();
}

/** Numbers from 0 up to below `n`, the same ones every time. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = Number.parseInt(sha256(String(state)).slice(0, 12), 16);
    return state % n;
  };
}

/** One change of one file; its name, for when it is not found. */
function mutate(files: Files, roll: (n: number) => number): string {
  const names = [...files.keys()].filter((name) => name !== "nanos-verify.mjs" || roll(9) === 0);
  const name = names[roll(names.length)] as string;
  const bytes = Buffer.from(files.get(name) as Uint8Array);
  const lines = bytes.toString().split("\n").slice(0, -1);
  const [a, b] = [roll(lines.length), roll(lines.length)];
  const put = (changed: readonly string[]): void =>
    void files.set(name, Buffer.from(changed.map((line) => `${line}\n`).join("")));
  const edits: readonly (() => string)[] = [
    () => {
      const at = roll(bytes.length);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << roll(8)), at);
      files.set(name, bytes);
      return `${name}: a bit of byte ${at}`;
    },
    () => (put(lines.toSpliced(a, 1)), `${name}: line ${a} dropped`),
    () => (put(lines.toSpliced(a, 0, lines[b] as string)), `${name}: line ${b} doubled at ${a}`),
    () => {
      put(lines.with(a, lines[b] as string).with(b, lines[a] as string));
      return `${name}: lines ${a} and ${b} swapped`;
    },
    () => (put(lines.with(a, edited(lines[a] as string, roll))), `${name}: a value of line ${a}`),
    () => (files.set(name, bytes.subarray(0, roll(bytes.length))), `${name}: cut`),
    () => (files.delete(name), `${name}: gone`),
    () => (files.set(`${name}.more`, bytes), `${name}: a copy beside it`),
  ];
  return (edits[roll(edits.length)] as () => string)();
}

/** A line of JSON with one value changed, or two fields of one object swapped; else its end cut. */
function edited(line: string, roll: (n: number) => number): string {
  if (!line.startsWith("{")) return line.slice(0, -1);
  const root = JSON.parse(line) as { [key: string]: Json };
  let here: { [key: string]: Json } = root;
  for (;;) {
    const keys = Object.keys(here);
    const key = keys[roll(keys.length)] as string;
    const value = here[key] as Json;
    if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
      here = value as { [key: string]: Json };
      continue;
    }
    const other = keys[roll(keys.length)] as string;
    if (roll(3) === 0) [here[key], here[other]] = [here[other] as Json, value];
    else if (typeof value === "number") here[key] = value + 1;
    else if (typeof value === "boolean") here[key] = !value;
    else here[key] = typeof value === "string" ? `${value}x` : "x";
    return canonical(root);
  }
}

function same(a: Files, b: Files): boolean {
  return (
    a.size === b.size &&
    [...a].every(([name, bytes]) => b.get(name)?.toString() === bytes.toString())
  );
}

interface Subject {
  readonly name: string;
  readonly digest: { readonly sha256: string };
}

/** The statement over the files as they are now, by whoever holds the log's key. */
function reseal(files: Files, artifacts: (named: readonly Subject[]) => readonly Subject[]): void {
  const envelope = JSON.parse(text(files, "statement.dsse.json")) as {
    payload: string;
    payloadType: string;
    signatures: { sig: string }[];
  };
  const statement = JSON.parse(Buffer.from(envelope.payload, "base64").toString()) as {
    subject: readonly Subject[];
  };
  const kept = statement.subject.filter(({ name }) => name.startsWith("artifact:"));
  const names = [...files.keys()].filter((name) => name !== "statement.dsse.json").toSorted();
  const own = names.map((name) => ({
    name,
    digest: { sha256: sha256(files.get(name) as Uint8Array) },
  }));
  statement.subject = [...own, ...artifacts(kept)];
  const payload = canonical(statement as unknown as Json);
  const { payloadType: type } = envelope;
  const encoded = `DSSEv1 ${type.length} ${type} ${Buffer.byteLength(payload)} ${payload}`;
  const [signature] = envelope.signatures;
  if (signature) signature.sig = world.log.sign(encoded);
  envelope.payload = Buffer.from(payload).toString("base64");
  files.set("statement.dsse.json", Buffer.from(`${canonical(envelope as unknown as Json)}\n`));
}

/** A sample where time is short; the whole of it with `npm run soak`. */
const CHANGES = process.env["NANOS_SOAK"] ? 1_000 : 300;

describe("1,000 random changes of a bundle", () => {
  test("are all found", () => {
    const roll = dice(1);
    const missed: string[] = [];
    for (let tried = 0; tried < CHANGES;) {
      const files = new Map(WHOLE);
      const what = mutate(files, roll);
      if (same(files, WHOLE)) continue;
      tried += 1;
      if (verifyBundle(files).ok) missed.push(what);
    }
    expect(missed).toEqual([]);
  }, 60_000);

  test("of what was recorded are found also when the log's key seals them anew", () => {
    const roll = dice(2);
    const missed: string[] = [];
    const held = ["entries.jsonl", "proofs.jsonl", "checkpoint", "bodies.jsonl"];
    for (let tried = 0; tried < CHANGES / 3;) {
      const files = new Map([...WHOLE].filter(([name]) => held.includes(name)));
      const what = mutate(files, roll);
      const all = new Map([...WHOLE, ...files]);
      if (same(all, WHOLE) || files.size !== held.length) continue;
      tried += 1;
      reseal(all, (named) => named);
      if (verifyBundle(all).ok) missed.push(what);
    }
    expect(missed).toEqual([]);
  }, 60_000);

  test("of what the statement says of artifacts are found also when the log's key seals them", () => {
    const changes: readonly ((named: readonly Subject[]) => readonly Subject[])[] = [
      () => [],
      (named) => named.map((one) => ({ ...one, digest: { sha256: sha256("else") } })),
      (named) => named.map((one) => ({ ...one, name: `${one.name}!` })),
      (named) => [...named, ...named.map((one) => ({ ...one, name: `${one.name}!` }))],
      (named) => [...named, ...named],
    ];
    const whole = new Map(WHOLE);
    reseal(whole, (named) => named);
    const { ok, shows } = verifyBundle(whole);
    expect([ok, shows.join("\n")]).toEqual([
      true,
      expect.stringMatching(
        new RegExp(`^artifact:.*:Findings sha256 ${sha256("all of it")}$`, "mu"),
      ),
    ]);
    for (const change of changes) {
      const files = new Map(WHOLE);
      reseal(files, change);
      expect(verifyBundle(files).ok).toBe(false);
    }
  });
});
