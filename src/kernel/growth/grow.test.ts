import { expect, test } from "bun:test";
import type { Ask } from "../../contracts/run.ts";
import { begin } from "../runner.ts";
import { lab } from "../testing/lab.ts";
import { CHANGE } from "./grow.ts";

/**
 * Agents' files nearly always lie where writing is of rank S for everybody. A change of them is of
 * that rank by itself, wherever they lie.
 */
for (const dir of ["/ws/.nano-os", "/ws/arrangement", "/elsewhere/arrangement"]) {
  test(`a change of an agent in ${dir} is of rank S, and a yes that names nothing is none`, async () => {
    const args = { file: "agents/helper.md", old: "", new: "---\nname: helper\n---\nHelp.\n" };
    const asks: Ask[] = [];
    const changed: unknown[] = [];
    const made = lab({
      grows: { dir },
      script: { turns: [{ calls: [{ name: CHANGE, args }] }, { say: "done" }] },
    });
    const growth = {
      ...made.world.growth,
      change: async (edit: unknown) => void changed.push(edit),
    };
    const handle = await begin(
      { ...made.world, growth },
      {
        text: "Make a helper",
        ask: async (ask) => {
          asks.push(ask);
          return { verdict: "allow", reach: "run" };
        },
      },
    );
    await handle.done;
    expect(asks[0]?.keys.some((key) => key.startsWith("rank:tool:"))).toBe(true);
    const judged = [...made.journal.chain(handle.run)].flatMap(({ body }) =>
      body?.kind === "action.judged" && body.decision.rank === "S" ? [body.decision.verdict] : [],
    );
    expect(judged).toContain("ask");
    expect(changed).toEqual([]);
  });
}
