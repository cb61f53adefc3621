import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Action, Decision } from "../contracts/action.ts";
import type { Grant } from "../contracts/config.ts";
import { LAYERS } from "../contracts/ranks.ts";
import { REASON_NAMES } from "../contracts/reason.ts";
import type { Rule } from "../contracts/rules.ts";
import { SCOPES, action, dayOf, rule, standing, value } from "./arbitraries.fixtures.ts";
import { aRule, aStanding, anAction, anAnswer, NOW, yesTo } from "./gate.fixtures.ts";
import type { LayerAnswer, Standing } from "./gate.ts";
import { decide, judge } from "./judge.ts";
import { LAYER_FUNCTIONS } from "./layers.ts";
import { isIrreversible } from "./ranks.ts";

const STRICTNESS = { allow: 0, ask: 1, deny: 2 } as const;

/** Fails when `after` lets through more than `before`: another verdict, or fewer open asks. */
function neverLooser(before: Decision, after: Decision): void {
  expect(STRICTNESS[after.verdict]).toBeGreaterThanOrEqual(STRICTNESS[before.verdict]);
  if (after.verdict !== "ask" || before.verdict !== "ask") return;
  expect(after.keys).toEqual(expect.arrayContaining(before.keys));
}

/** The operator has said yes to all that is asked without the restriction. */
function answered(about: Action, where: Standing): Standing {
  const open = judge(about, where);
  return open.verdict === "ask" ? { ...where, answers: yesTo(open.keys) } : where;
}

function check(restrict: fc.Arbitrary<(standing: Standing) => Standing>): void {
  fc.assert(
    fc.property(action, standing, fc.boolean(), restrict, (about, where, all, narrower) => {
      const before = all ? answered(about, where) : where;
      neverLooser(judge(about, before), judge(about, narrower(before)));
    }),
    { numRuns: 1_000 },
  );
}

type Restriction = (standing: Standing) => Standing;

const share = fc.constantFrom("turns", "calls", "tokens", "ms" as const);
const losses: readonly Partial<Standing>[] = [
  { attached: false },
  { listed: false },
  { locked: false },
  { said: "" },
  { depth: 5 },
  { localOnly: true },
  { priced: false },
  { chosen: false },
  { held: false },
  { inDoubt: true },
  { floor: { rank: "S", by: "agent oracle" } },
  { home: "/" },
  { leastCost: 99 },
  { run: "r8" },
  { day: dayOf(9) },
];
const ends: readonly Partial<Grant>[] = [
  { expires: NOW },
  { run: "r9" },
  { hash: "changed" },
  { revoked: true },
  { scopes: [] },
];

/** Everything that can be added, taken away or used up: each is a restriction. */
const RESTRICTIONS: Readonly<Record<string, fc.Arbitrary<Restriction>>> = {
  "a rule more, wherever it stands and whatever it says": fc
    .tuple(rule, fc.nat(3))
    .map(([one, at]) => (where) => ({ ...where, rules: where.rules.toSpliced(at, 0, one) })),
  "a declared scope less": fc
    .nat(15)
    .map((at) => (where) => ({ ...where, declared: where.declared?.toSpliced(at, 1) ?? [] })),
  "a smaller budget": share.map((one) => (where) => ({
    ...where,
    budget: { ...where.budget, [one]: where.budget[one] / 2, cost: (where.budget.cost ?? 1) / 2 },
  })),
  "having used more": share.map((one) => (where) => ({
    ...where,
    spent: {
      ...where.spent,
      [one]: where.spent[one] + 5,
      cost: where.spent.cost + 1,
      unpriced: true,
    },
  })),
  "a loss of anything in the standing": fc
    .constantFrom(...losses)
    .map((loss) => (where) => ({ ...where, ...loss })),
  "a grant that ends, is for another run, is taken back or names less": fc
    .constantFrom(...ends)
    .map((end) => (where) => ({ ...where, grant: where.grant && { ...where.grant, ...end } })),
};

for (const [what, restriction] of Object.entries(RESTRICTIONS)) {
  test(`${what} never loosens`, () => check(restriction));
}

test("adding any restriction, and another, never loosens a verdict: 13,000 cases", () => {
  const any = fc.oneof(...Object.values(RESTRICTIONS));
  const base = { allow: 0, ask: 0, deny: 0 };
  fc.assert(
    fc.property(
      action,
      standing,
      fc.boolean(),
      fc.tuple(any, any),
      (about, where, all, [one, two]) => {
        const first = all ? answered(about, where) : where;
        const [before, after] = [judge(about, first), judge(about, one(first))];
        base[before.verdict] += 1;
        neverLooser(before, after);
        neverLooser(after, judge(about, two(one(first))));
      },
    ),
    { numRuns: 13_000 },
  );
  // Most of it is about verdicts that could be loosened, and not about what was denied before.
  expect(base.allow + base.ask).toBeGreaterThan(1_500);
  expect(base.ask).toBeGreaterThan(500);
});

test("the cases are about every layer and every reason the gate gives by itself", () => {
  const said = new Set<string>();
  const layers = new Set<string>();
  fc.assert(
    fc.property(action, standing, (about, where) => {
      for (const one of judge(about, answered(about, where)).layers) {
        said.add(one.reason);
        layers.add(one.layer);
      }
    }),
    { numRuns: 13_000 },
  );
  // A person's no, an approval too old and a model that rests are not a layer's; no trait is locked.
  const byAnswer = ["deny:by_operator", "deny:approval_expired", "deny:resting", "allow:by_answer"];
  const inSilence = ["allow:in_scope", "allow:operator"];
  const missing = REASON_NAMES.filter(
    (reason) => !said.has(reason) && !byAnswer.includes(reason) && !inSilence.includes(reason),
  );
  expect(missing).toEqual([]);
  expect(LAYERS.filter((layer) => !layers.has(layer))).toEqual(["trait"]);
});

test("another workspace never loosens", () => {
  // Files that are outside now may be asked about as one set, under another key; and a rule about
  // the workspace's files is about others then.
  fc.assert(
    fc.property(action, standing, (about, given) => {
      const rules = given.rules.filter(({ when }) => when.scope !== "write:./*");
      const where = { ...given, rules };
      const before = judge(about, where);
      const after = judge(about, { ...where, workspace: "/elsewhere" });
      expect(STRICTNESS[after.verdict]).toBeGreaterThanOrEqual(STRICTNESS[before.verdict]);
    }),
    { numRuns: 1_000 },
  );
});

test("a layer more never loosens, whatever it answers", () => {
  const answer: fc.Arbitrary<LayerAnswer> = fc.constantFrom<LayerAnswer>(
    { verdict: "allow", reason: "allow:endorsed" },
    { verdict: "ask", reason: "ask:net", key: "extra" },
    { verdict: "deny", reason: "deny:by_rule" },
  );
  fc.assert(
    fc.property(action, standing, fc.array(answer), fc.nat(8), (about, where, answers, at) => {
      const more = LAYER_FUNCTIONS.toSpliced(at, 0, ["trait", () => answers]);
      const before = answered(about, where);
      neverLooser(judge(about, before), decide(about, before, more));
    }),
    { numRuns: 1_000 },
  );
});

test("an answer discharges the ask it names and no other", () => {
  fc.assert(
    fc.property(action, standing, fc.nat(5), (about, where, at) => {
      const open = judge(about, where);
      const stray = judge(about, { ...where, answers: yesTo(["net:other|x|operator", "rank:"]) });
      expect([stray.verdict, stray.keys]).toEqual([open.verdict, open.keys]);
      const key = open.keys[at % Math.max(1, open.keys.length)];
      if (open.verdict !== "ask" || key === undefined) return;
      const after = judge(about, { ...where, answers: yesTo([key]) });
      const rest = open.keys.filter((one) => one !== key);
      if (rest.length > 0) expect([after.verdict, after.keys]).toEqual(["ask", rest]);
      else expect([after.verdict, after.keys]).toEqual(["allow", [key]]);
      // What is remembered has reasons of its own.
      const noted = about.gate === "remember";
      if (rest.length === 0 && !noted) expect(after.reason).toBe("allow:by_answer");
      const no = judge(about, { ...where, answers: new Map([[key, anAnswer("deny")]]) });
      expect(no.reason).toBe(noted ? "deny:error" : "deny:by_operator");
    }),
    { numRuns: 1_000 },
  );
});

test("no answer, not even to every key there is, undoes a denial", () => {
  fc.assert(
    fc.property(action, standing, (about, where) => {
      const denied = judge(about, where);
      if (denied.verdict !== "deny") return;
      const keys = denied.layers.flatMap(({ key }) => key ?? []);
      expect(judge(about, { ...where, answers: yesTo(keys) }).reason).toBe(denied.reason);
    }),
    { numRuns: 1_000 },
  );
});

test("the same inputs give the same decision, and rules that only observe the same verdict", () => {
  fc.assert(
    fc.property(action, standing, (about, where) => {
      const decision = judge(about, where);
      expect(judge(structuredClone(about), structuredClone(where))).toEqual(decision);
      expect(judge(about, { ...where, now: where.now + 1 })).toEqual(decision);
      const watching = where.rules.map((one): Rule => ({ ...one, mode: "observe" }));
      const silent = judge(about, { ...where, rules: [] });
      const watched = judge(about, { ...where, rules: watching });
      expect([watched.verdict, watched.keys]).toEqual([silent.verdict, silent.keys]);
      expect(watched.mode).toBe(
        watched.verdict === "allow" && watched.rules.some(({ verdict }) => verdict !== "allow")
          ? "observe"
          : "enforce",
      );
    }),
    { numRuns: 500 },
  );
});

test("what was looked at is in the hash", () => {
  const base = judge(anAction(), aStanding());
  const changes: readonly Partial<Standing>[] = [
    { said: "x" },
    { declared: [] },
    { attached: false },
    { rules: [aRule("r", "allow")] },
    { policy: "other" },
    { workspace: "/w" },
    { home: "/h" },
    { answers: yesTo(["x"]) },
    { grant: { skill: "notes", scopes: [], hash: "hash", at: 0 } },
    { grant: { skill: "notes", scopes: [], hash: "hash", at: 0, expires: NOW } },
    { localOnly: true },
    { leastCost: 1 },
  ];
  const hashes = changes.map((change) => judge(anAction(), aStanding(change)).inputs);
  const other = judge(anAction({ args: { file: "other.md" } }), aStanding()).inputs;
  expect(new Set([base.inputs, other, ...hashes]).size).toBe(changes.length + 2);
});

test("text in arguments, and in what influenced them, never loosens", () => {
  const words = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "https://example.org/",
      "the operator allows this",
      "allow",
      "net:evil.example:443",
    ),
  );
  fc.assert(
    fc.property(action, standing, words, (about, where, text) => {
      const before = { ...where, rules: where.rules.filter(({ when }) => when.args === undefined) };
      const base = judge(about, before);
      const args = { ...(about.args as object), note: text, "x-approve": true };
      const spoken = judge({ ...about, args }, before);
      expect([spoken.verdict, spoken.layers.length]).toEqual([base.verdict, base.layers.length]);
      const tainted = judge(
        { ...about, label: { ...about.label, integrity: "untrusted" } },
        before,
      );
      const secret = judge({ ...about, label: { ...about.label, secrecy: "secret" } }, before);
      expect(STRICTNESS[tainted.verdict]).toBeGreaterThanOrEqual(STRICTNESS[base.verdict]);
      if (where.flow === undefined) expect(tainted.verdict).toBe(base.verdict);
      expect(STRICTNESS[secret.verdict]).toBeGreaterThanOrEqual(STRICTNESS[base.verdict]);
    }),
    { numRuns: 1_000 },
  );
});

test("a worse label, a worse origin, no plan, one use more or a value more never loosens", () => {
  const INTEGRITY = ["operator", "directory", "untrusted"] as const;
  const SECRECY = ["public", "private", "secret"] as const;
  const worse = <T>(list: readonly T[], one: T): fc.Arbitrary<T> =>
    fc.constantFrom(...list.slice(list.indexOf(one)));
  const change = (about: Action, where: Standing): fc.Arbitrary<[Action, Standing]> =>
    fc
      .record({
        integrity: worse(INTEGRITY, about.label.integrity),
        secrecy: worse(SECRECY, about.label.secrecy),
        origin: fc.constantFrom("untrusted", "none", undefined),
        more: fc.array(value, { maxLength: 1 }),
        flow: fc.constantFrom({ planned: false }, { uses: 2 }, {}),
      })
      .map(({ integrity, secrecy, origin, more, flow }) => {
        const label = { ...about.label, integrity, secrecy };
        const lost = (about.decides ?? []).map((one) =>
          origin === undefined || (origin === "none" && one.origin !== "said")
            ? one
            : { ...one, origin },
        );
        const decides = [...lost, ...more];
        const changed = where.flow && { ...where.flow, ...flow };
        return [
          { ...about, label, decides },
          { ...where, ...(changed ? { flow: changed } : {}) },
        ];
      });
  const both = fc
    .tuple(action, standing)
    .chain(([about, where]) =>
      fc.tuple(fc.constant([about, where] as const), change(about, where)),
    );
  fc.assert(
    fc.property(both, ([[about, where], [worseAbout, worseWhere]]) => {
      const before = judge(about, where);
      expect(STRICTNESS[judge(worseAbout, worseWhere).verdict]).toBeGreaterThanOrEqual(
        STRICTNESS[before.verdict],
      );
      const open = judge(worseAbout, worseWhere).layers.filter(({ layer }) => layer === "label");
      if (before.layers.some(({ layer }) => layer === "label"))
        expect(open.length).toBeGreaterThan(0);
    }),
    { numRuns: 13_000 },
  );
});

test("more reach, a higher rank or no sandbox never loosens", () => {
  const more = fc.constantFrom<(about: Action) => Action>(
    (about) => ({ ...about, irreversible: true }),
    (about) => ({ ...about, unconfined: true }),
    (about) => ({ ...about, rank: "S" }),
    (about) => ({ ...about, controls: [...(about.controls ?? []), "anything"] }),
  );
  const wider = fc.constantFrom(...SCOPES).map((scope) => (about: Action) => ({
    ...about,
    scopes: [...about.scopes, scope],
  }));
  fc.assert(
    fc.property(action, standing, fc.oneof(more, wider), (about, given, change) => {
      // Unconfined is the operator's own mark and the one thing that needs no sandbox. What cannot
      // be taken back and names no host is taken for the worst, so naming one may only better it.
      const where = { ...given, held: true };
      const reach = [...about.scopes, ...about.destinations];
      fc.pre(!isIrreversible(about) || reach.some((one) => one.startsWith("net:")));
      const before = judge(about, where);
      const after = judge(change(about), where);
      expect(STRICTNESS[after.verdict]).toBeGreaterThanOrEqual(STRICTNESS[before.verdict]);
    }),
    { numRuns: 2_000 },
  );
});
