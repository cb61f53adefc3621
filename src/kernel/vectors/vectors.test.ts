import { expect, test } from "bun:test";
import { fakeClock } from "../../std/clock.ts";
import type { Json } from "../../std/json.ts";
import type { Embedded, EmbedWish } from "../../contracts/model.ts";
import type { RunEnd } from "../../contracts/run.ts";
import type { Model } from "../../models/model.ts";
import { scriptModel } from "../../models/script.ts";
import { usedToday } from "../day/view.ts";
import { replay } from "../drive/replay.ts";
import { spansOf } from "../evidence/spans.ts";
import { begin } from "../runner.ts";
import { type Lab, lab, type LabSetup } from "../testing/lab.ts";
import { EMBED } from "./name.ts";

/** A call for vectors is a run of one model step, held and counted like any model call. */

const plain = scriptModel("script", { turns: [], vectors: 8 }, fakeClock());

function making(embed: Model["embed"], more: Partial<Model> = {}): Model {
  return { ...plain, ...(embed && { embed }), ...more };
}

async function made(
  setup: Partial<LabSetup>,
  wish: EmbedWish = { inputs: ["a b", "c"] },
  request: object = {},
): Promise<{ readonly lab: Lab; readonly end: RunEnd }> {
  const one = lab({ model: plain, ...setup });
  const call = { tool: EMBED, args: wish as unknown as Json, model: "script" };
  const handle = await begin(one.world, { text: "vectors", ...request }, call);
  const state = await handle.done;
  if (state.state !== "ended") throw new Error(`it is ${state.state}`);
  expect(await replay(one.journal, one.world.recall, handle.run)).toMatchObject({ ok: true });
  return { lab: one, end: state.ended };
}

test("what was made and what it took are on the record", async () => {
  const { end } = await made({ model: making(plain.embed, { price: { input: 5, output: 0 } }) });
  expect(end).toMatchObject({
    ...{ outcome: "succeeded", text: "2 vectors of 8 numbers", hosts: [] },
    usage: { input: 3, output: 0, turns: 1 },
  });
});

test("a collector is told of it by the conventions, and never of the vectors", async () => {
  const { lab: one, end } = await made({});
  const [, span] = spansOf(one.journal, end.run, true);
  const told = Object.fromEntries(
    (span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0] as unknown]),
  );
  expect([span?.name, told["gen_ai.operation.name"]]).toEqual(["embeddings script", "embeddings"]);
  expect(told).toMatchObject({ "gen_ai.request.model": "script", "nanos.step.kind": "model" });
  expect(Number(told["gen_ai.usage.input_tokens"])).toBe(3);
  expect(Number(told["gen_ai.embeddings.dimension.count"])).toBe(8);
  expect(Object.keys(told)).not.toContain("gen_ai.tool.call.result");
});

test.each<[string, Model["embed"], string]>([
  ["none to be had", undefined, "model.no_embeddings"],
  ["a model that throws", () => Promise.reject(new Error("oh")), "model.broken"],
  [
    "a failure",
    async () => ({ kind: "failed", failure: { code: "model.quota", message: "" } }),
    "model.quota",
  ],
])("%s: the run fails by its code", async (_, embed, code) => {
  const { embed: __, ...without } = plain;
  const model = embed ? making(embed) : without;
  expect((await made({ model })).end).toMatchObject({ outcome: "failed", failure: { code } });
});

test("a day's tokens hold: what is sent is set aside, and no answer beside it", async () => {
  const day = { zone: "UTC", tokens: 20 };
  const { lab: one, end } = await made({ day });
  expect(end.outcome).toBe("succeeded");
  expect(usedToday(one.journal, one.clock.now(), "UTC").tokens).toBe(3);
  const inputs = [Array.from({ length: 40 }, () => "word").join(" ")];
  const { end: over } = await made({ day }, { inputs });
  expect(over).toMatchObject({ outcome: "failed", failure: { code: "run.denied" } });
});

test("a limit in money refuses a model whose price is not known, and one that is stopped is over", async () => {
  const unknown = making(plain.embed, { price: null });
  const limited = await made({ model: unknown }, undefined, { budget: { cost: 1 } });
  expect(limited.end).toMatchObject({ outcome: "failed", failure: { code: "run.denied" } });
  const hangs = (_: EmbedWish, signal: AbortSignal): Promise<Embedded> =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve({ kind: "cancelled" }), { once: true });
      stop.abort();
    });
  const stop = new AbortController();
  const { end } = await made({ model: making(hangs) }, undefined, { signal: stop.signal });
  expect(end.outcome).toBe("cancelled");
});
