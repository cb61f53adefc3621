import { expect, test } from "bun:test";
import fc from "fast-check";
import { Label } from "../contracts/label.ts";
import { joinLabels, mayRead, OPERATOR_LABEL, UNKNOWN_LABEL } from "./labels.ts";

test("a join is as little trusted and as secret as the worst that went in", () => {
  const page: Label = { integrity: "untrusted", secrecy: "public", sources: ["example.org"] };
  const contact: Label = { integrity: "directory", secrecy: "private", sources: ["contacts"] };
  const key: Label = { integrity: "operator", secrecy: "secret", sources: ["secret:KEY"] };
  expect(joinLabels(OPERATOR_LABEL, contact)).toEqual(contact);
  expect(joinLabels(contact, page)).toEqual({
    integrity: "untrusted",
    secrecy: "private",
    sources: ["contacts", "example.org"],
  });
  expect(joinLabels(page, contact, key).secrecy).toBe("secret");
  expect(joinLabels(UNKNOWN_LABEL, OPERATOR_LABEL)).toEqual(UNKNOWN_LABEL);
});

test("what was left out once stays left out", () => {
  const full: Label = {
    ...OPERATOR_LABEL,
    sources: Array.from({ length: 20 }, (_, i) => `s${i + 10}`),
  };
  const cut = joinLabels(full, UNKNOWN_LABEL);
  expect(cut.sources).toEqual([...full.sources.slice(0, 16), "…"]);
  expect(joinLabels(UNKNOWN_LABEL, cut).sources).toEqual(cut.sources);
  expect(joinLabels(cut, { ...OPERATOR_LABEL, sources: ["s00"] }).sources).toEqual([
    "s00",
    ...full.sources.slice(0, 15),
    "…",
  ]);
  const few = joinLabels(OPERATOR_LABEL, { ...OPERATOR_LABEL, sources: ["b", "…"] }, full);
  expect(few.sources.at(-1)).toBe("…");
  const two = joinLabels(
    { ...OPERATOR_LABEL, sources: ["b", "…"] },
    { ...UNKNOWN_LABEL, sources: ["a"] },
  );
  expect(two.sources).toEqual(["a", "b", "…"]);
});

test("only who may read all of it may read what was made of it", () => {
  const staff: Label = { ...UNKNOWN_LABEL, readers: ["bob@example.org", "@acme.example"] };
  const team: Label = { ...UNKNOWN_LABEL, readers: ["@acme.example"] };
  expect(joinLabels(staff, team, UNKNOWN_LABEL).readers).toEqual(["@acme.example"]);
  expect(joinLabels(UNKNOWN_LABEL, staff).readers).toEqual(["@acme.example", "bob@example.org"]);
  const check = (to: string, may: boolean): void =>
    expect([to, mayRead(staff, to)]).toEqual([to, may]);
  check("Bob@example.org", true);
  check("eve@ACME.example", true);
  check("eve@example.org", false);
  check("eve@notacme.example", false);
  check("@acme.example.evil.example", false);
  expect(mayRead(UNKNOWN_LABEL, "anyone")).toBe(true);
  expect(mayRead({ ...staff, readers: [] }, "bob@example.org")).toBe(false);
});

const readers = fc.uniqueArray(fc.constantFrom("a@x.example", "@x.example", "y.example"));
const label: fc.Arbitrary<Label> = fc
  .tuple(
    fc.option(readers, { nil: undefined }),
    fc.record({
      integrity: fc.constantFrom("operator", "directory", "untrusted"),
      secrecy: fc.constantFrom("public", "private", "secret"),
      sources: fc.uniqueArray(
        fc.nat(40).map((n) => `source${n}`),
        { maxLength: 16 },
      ),
    }),
  )
  .map(([who, rest]) => ({ ...rest, ...(who === undefined ? {} : { readers: who }) }) as Label);

test("order, grouping and repetition do not matter, and sources are bounded", () => {
  fc.assert(
    fc.property(label, label, label, (a, b, c) => {
      const joined = joinLabels(a, b, c);
      expect(joinLabels(c, b, a)).toEqual(joined);
      expect(joinLabels(a, joinLabels(b, c))).toEqual(joined);
      expect(joinLabels(joined, a, joined)).toEqual(joined);
      for (const to of ["a@x.example", "b@x.example", "y.example", "z"]) {
        const all = [a, b, c].every((one) => mayRead(one, to));
        if (!all) expect(mayRead(joined, to)).toBe(false);
      }
      expect(Label.safeParse(joined).success).toBe(true);
      const all = new Set([...a.sources, ...b.sources, ...c.sources]);
      expect(joined.sources.includes("…")).toBe(all.size > 16);
      expect(joined.sources.length).toBe(Math.min(all.size, 17));
    }),
  );
});
