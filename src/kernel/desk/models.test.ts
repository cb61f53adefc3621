import { expect, test } from "bun:test";
import { fakeClock } from "../../std/clock.ts";
import { hashOf } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import { countingRandom } from "../../std/random.ts";
import type { Config } from "../../contracts/config.ts";
import type { ModelCard, ModelConfig } from "../../contracts/model.ts";
import { memoryJournal } from "../../journal/open.ts";
import { LIMITS } from "../../std/limits.ts";
import { modelDesk } from "./models.ts";
import { note } from "./note.ts";

const CARD: ModelCard = {
  ...{ tools: true, parallel: true, json: true, context: 16_000, speed: 9, toolCount: 8 },
};
const AT = "http://127.0.0.1:11434";
const LOCAL: ModelConfig = { adapter: "ollama", url: AT, model: "m" };

/** What a run goes by of a model, with this config and, where there is one, this card. */
async function settings(config: ModelConfig, card?: ModelCard): Promise<object> {
  const clock = fakeClock();
  const journal = memoryJournal({ clock, random: countingRandom() });
  const of: Config = { v: 1, models: { one: config } } as unknown as Config;
  const store = { read: async () => of, change: async () => of };
  const arrangement = { models: {}, manifest: {} } as never;
  const desk = modelDesk({ arrangement, config: of, store, journal, deps: {} as never });
  if (card) {
    const body = { kind: "model.probed", name: "one", config: hashOf(config as Json) } as const;
    await note(journal, { ...body, card, runs: [] });
  }
  return desk.settings("one");
}

const cases: [says: string, config: ModelConfig, card: ModelCard | undefined, is: object][] = [
  ["what is usual where nothing is known", LOCAL, undefined, { context: 110_000, tools: true }],
  ["what was measured", LOCAL, CARD, { context: 16_000, toolCount: 8 }],
  [
    "what the operator said, whatever was measured",
    { ...LOCAL, context: 4_000, toolCount: 20 },
    CARD,
    { context: 4_000, toolCount: 20 },
  ],
  [
    "what is usual where it could recall nothing",
    LOCAL,
    { ...CARD, context: 0 },
    { context: 110_000 },
  ],
  ["no tools where it calls none", LOCAL, { ...CARD, tools: false }, { tools: false }],
  [
    "in words where it prints its calls",
    LOCAL,
    { ...CARD, dialect: "printed" },
    { dialect: "printed" },
  ],
  ["no end where it runs inside nanos", { adapter: "rules" }, undefined, { context: null }],
];
for (const [says, config, card, is] of cases) {
  test(`a run goes by ${says}`, async () => {
    expect(await settings(config, card)).toMatchObject(is);
  });
}

test("all tools are offered where nobody measured, and 110,000 tokens are usual", async () => {
  expect(await settings(LOCAL)).not.toHaveProperty("toolCount");
  expect(LIMITS.contextTokens).toBe(110_000);
});
