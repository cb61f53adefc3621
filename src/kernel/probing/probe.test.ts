import { expect, test } from "bun:test";
import type { ModelEvent, ModelRequest } from "../../contracts/model.ts";
import type { Model } from "../../models/model.ts";
import { LIMITS } from "../../std/limits.ts";
import { lab } from "../testing/lab.ts";
import { probeModel } from "./probe.ts";
import { SUM_TOOL } from "./lab.ts";

/** Adds up while it is offered no more than so many tools, and else calls the first there is. */
function adder(few: number, seen: ModelRequest[], wrongly = "", code = ""): Model {
  return {
    ...{ name: "m", host: null, price: null },
    async *stream(request): AsyncIterable<ModelEvent> {
      seen.push(request);
      const { tools, messages } = request;
      const isTold = messages.at(-1)?.role === "tool";
      const isMany = tools.length > few;
      const sum = { type: "call", id: "1", name: SUM_TOOL, args: { a: 17, b: 25 } } as const;
      const wrong = { ...sum, id: "2", name: wrongly || (tools[0]?.name ?? "") };
      const parts = isTold ? [{ type: "text" as const, text: "42" }] : isMany ? [wrong] : [sum];
      const failure = { code, message: "It cannot be reached." };
      const fails = isMany && code !== "";
      yield {
        ...{ type: "end", finish: fails ? "failed" : isTold ? "stop" : "calls" },
        message: { role: "assistant", parts: fails ? [] : [...parts] },
        ...(fails && { failure }),
      };
    },
  };
}

const card = async (model: Model): Promise<object> => {
  const { world } = lab({ model });
  return (await probeModel(world, "m", { window: 100, sendable: false })).card;
};

const cases: [few: number, found: number][] = [
  [1, 1],
  [4, 4],
  [31, 16],
  [LIMITS.probeTools, LIMITS.probeTools],
  [10_000, LIMITS.probeTools],
];
for (const [few, found] of cases) {
  test(`one that calls right among ${few} tools is found to among ${found}`, async () => {
    const seen: ModelRequest[] = [];
    expect(await card(adder(few, seen))).toMatchObject({ tools: true, toolCount: found });
    const sizes = seen.map(({ tools }) => tools.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(Math.min(LIMITS.probeTools, found * 4));
    for (const { tools } of seen) {
      expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length);
    }
  });
}

test("one that calls none is not asked among many, and a near miss is a miss", async () => {
  const seen: ModelRequest[] = [];
  expect(await card(adder(0, seen, "nothing"))).not.toHaveProperty("toolCount");
  expect(seen.every(({ tools }) => tools.length <= 1)).toBe(true);
  expect(await card(adder(8, seen, "probe_product"))).toMatchObject({ toolCount: 8 });
});

test("one that fails among many is found to take fewer, and one that is gone is not measured", async () => {
  expect(await card(adder(8, [], "", "model.context_full"))).toMatchObject({ toolCount: 8 });
  const gone = await card(adder(8, [], "", "model.unreachable")).catch((error: unknown) => error);
  expect(gone).toMatchObject({ code: "model.unreachable" });
});
