import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { canonical } from "../../std/canonical.ts";
import type { Json } from "../../std/json.ts";
import { pack, unpack } from "./pack.ts";

const POLICY = "c0".repeat(32);
const HASH = "4b".repeat(32);
const label = { integrity: "untrusted", secrecy: "private", sources: ["echo", "tool:echo"] };
const spent = { turns: 7, calls: 13, tokens: 105, ms: 66, cost: 0, unpriced: false };
const common = { agent: "oracle", gate: "call", label };
const decided = { keys: [], mode: "enforce", policy: POLICY, inputs: HASH, rank: "E" };
const allowed = { ...decided, verdict: "allow", review: false, rule: null, rules: [] };

/** What one step of a run writes down, and the most of each that is stored. */
const STEP: readonly (readonly [
  number,
  { readonly kind: string; readonly [key: string]: Json },
])[] = [
  [
    165,
    {
      kind: "action.proposed",
      action: {
        ...{ ...common, kind: "model", name: "llama", args: { digest: HASH, messages: 15 } },
        ...{ scopes: ["model:llama"], destinations: ["net:127.0.0.1:8080"] },
      },
      spent,
    },
  ],
  [
    70,
    {
      kind: "action.judged",
      decision: {
        ...{ ...allowed, reason: "allow:chosen_model", layer: "danger" },
        layers: [{ layer: "danger", verdict: "allow", reason: "allow:chosen_model" }],
      },
    },
  ],
  [
    70,
    {
      kind: "model.answered",
      message: {
        role: "assistant",
        parts: [{ type: "call", id: "call_7", name: "echo", args: { text: "step 7" } }],
      },
      ...{ finish: "calls", usage: { input: 10, output: 5, cost: 0 }, model: "mock", ms: 1 },
    },
  ],
  [
    95,
    {
      kind: "action.proposed",
      action: {
        ...{ ...common, kind: "tool", name: "echo", skill: "bench", args: { text: "step 7" } },
        ...{ scopes: [], destinations: [] },
      },
      spent,
    },
  ],
  [
    70,
    {
      kind: "action.judged",
      decision: { ...allowed, reason: "allow:in_scope", layer: null, layers: [] },
    },
  ],
  [
    30,
    {
      kind: "action.settled",
      outcome: { status: "done", output: { echoed: "step 7" } },
      ms: 0,
    },
  ],
];

describe("a body", () => {
  for (const [most, body] of STEP) {
    test(`of ${body.kind} takes at most ${most} characters, and comes back`, () => {
      const text = canonical(body);
      const form = { kind: body.kind, policy: POLICY };
      const packed = pack(form, text);
      expect(packed.length).toBeLessThanOrEqual(most);
      expect(unpack(form, packed)).toBe(text);
      expect(JSON.parse(unpack(form, packed))).toEqual(body);
    });
  }

  test("comes back whatever it says, whosever policy it was under", () => {
    const kinds = [...STEP.map(([, { kind }]) => kind), "home.created"];
    // Texts that look like ours: pieces of real ones in any order, inside and outside of strings.
    const pieces = STEP.flatMap(([, body]) => canonical(body).split(/(?=[,{}])/u));
    const text = fc.oneof(
      fc.array(fc.constantFrom(...pieces, POLICY)).map((some) => some.join("")),
      fc.json().map((json) => canonical(JSON.parse(json) as Json)),
      fc.string({ unit: "binary" }).map((said) => canonical({ said })),
      fc.constantFrom(...pieces).map((piece) => canonical({ text: piece.repeat(300) })),
    );
    const policy = fc.constantFrom(null, "", "p", POLICY);
    fc.assert(
      fc.property(fc.constantFrom(...kinds), policy, text, (kind, own, whole) => {
        const form = { kind, policy: own };
        expect(unpack(form, pack(form, whole))).toBe(whole);
      }),
      { numRuns: 2_000 },
    );
  });

  test("of a file that somebody wrote into says at most something else", () => {
    const form = { kind: "action.judged", policy: null };
    expect(unpack(form, "\u001f\u001e\u0011x")).toBe("x");
    expect(unpack({ kind: "no.kind", policy: null }, "\u0001x")).toBe("x");
  });
});
