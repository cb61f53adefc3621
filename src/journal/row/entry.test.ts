import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { canonical } from "../../std/canonical.ts";
import { fakeClock } from "../../std/clock.ts";
import { hashOf } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import { systemRandom } from "../../std/random.ts";
import type { Draft } from "../../contracts/event.ts";
import { memoryDatabase } from "../database.ts";
import { eventHash, eventOf, eventText, Forms, hex, packStep, unhex, unpackStep } from "./entry.ts";
import { memoryJournal } from "../open.ts";

const text = fc.string({ unit: "binary" });
const ill = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((n) => String.fromCharCode(n)),
});
const digits = fc.stringMatching(/^[0-9a-f]{64}$/u);
const label = fc.record({
  integrity: fc.constantFrom("operator", "directory", "untrusted"),
  secrecy: fc.constantFrom("public", "private", "secret"),
  sources: fc.array(ill, { maxLength: 3 }),
}) as fc.Arbitrary<NonNullable<Draft["label"]>>;
/** Drafts as odd as the types allow, also with halves of characters where JSON escapes them. */
const drafts: fc.Arbitrary<Draft> = fc.record({
  run: text.map((name) => `r${name.replaceAll("\0", "")}`),
  step: fc.option(text.map((name) => name.replaceAll("\0", ""))),
  actor: ill,
  policy: fc.option(ill),
  isolation: fc.option(fc.constantFrom("bwrap", "landlock", "host")),
  label: fc.option(label),
  body: fc.record({ kind: ill, value: fc.jsonValue() }) as unknown as fc.Arbitrary<Draft["body"]>,
});

describe("the text of an event", () => {
  test("is the canonical JSON of all its fields but the hash", () => {
    const { db } = memoryDatabase();
    const forms = new Forms(db);
    fc.assert(
      fc.property(drafts, digits, digits, fc.nat(), fc.nat(), (draft, prev, digest, seq, at) => {
        const form = forms.ensure(draft);
        const entry = { seq, at, step: draft.step, digest, bytes: seq, prev };
        const json = JSON.stringify(draft.run);
        const { hash, ...rest } = eventOf(form, draft.run, entry, eventHash(form, json, entry));
        expect(eventText(form, json, entry)).toBe(canonical(rest as Json));
        expect(hash).toBe(hashOf(rest as Json));
      }),
    );
  });

  test("survives being stored, whatever a draft says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(drafts, { minLength: 1, maxLength: 8 }), async (some) => {
        const journal = memoryJournal({ clock: fakeClock(), random: systemRandom });
        const events = await journal.append(some);
        expect(journal.verify()).toMatchObject({ ok: true, events: some.length });
        const back = [...journal.since(0, { bodies: true })];
        expect(back.map(({ event }) => event)).toEqual([...events]);
        expect(back.map(({ body }) => canonical(body as Json))).toEqual(
          some.map(({ body }) => canonical(body as Json)),
        );
        journal.close();
      }),
    );
  });
});

describe("forms", () => {
  test("a form that was changed in the file is not read", () => {
    const { db } = memoryDatabase();
    const draft = { run: "r", step: null, actor: "a\u001f", policy: null, isolation: null };
    new Forms(db).ensure({ ...draft, label: null, body: { kind: "home.created", version: "" } });
    expect(new Forms(db).byId(1)?.actor).toBe("a\u001f");
    db.exec("DROP TRIGGER forms_update");
    // The same value by other letters.
    db.exec(`UPDATE forms SET text = replace(text, '\\u001f', '\\u001F')`);
    expect(new Forms(db).byId(1)).toBeNull();
    db.exec("UPDATE forms SET text = 'no JSON'");
    expect(new Forms(db).byId(1)).toBeNull();
    expect(new Forms(db).byId(2)).toBeNull();
  });
});

describe("small codes", () => {
  test("steps and hashes come back as they were", () => {
    fc.assert(
      fc.property(text, text, (run, step) => {
        for (const one of [step, `${run}.${step}`, run, null]) {
          expect(unpackStep(run, packStep(run, one))).toBe(one);
        }
      }),
    );
    fc.assert(fc.property(digits, (hash) => expect(hex(unhex(hash))).toBe(hash)));
    expect(packStep("r1", "r1.3")).toBe(".3");
    expect(hex("not a blob")).toBe("");
  });
});
