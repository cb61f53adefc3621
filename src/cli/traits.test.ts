import { expect, test } from "bun:test";
import { TRAITS } from "../contracts/stage.ts";
import { traitsAt } from "../evolution/traits.ts";
import { isLook } from "../kernel/looks/look.ts";
import { HAND_IN } from "../kernel/plans/hand-in.ts";
import { lab } from "../kernel/testing/lab.ts";
import { MENU } from "./commands.ts";

test("what a trait is said to be met by is there: each command, each tool", async () => {
  const { facts } = lab({ traits: TRAITS });
  for (const { where } of traitsAt({ stage: "APEX", proven: 200, rate: 1 }, TRAITS)) {
    for (const [, name = "", sub = ""] of where.matchAll(/nanos ([a-z]+) ?([a-z]*)/gu)) {
      const command = await MENU.load(name);
      const subs = (command.subs ?? []).map((one) => one.name);
      expect(sub === "" || subs.includes(sub) ? "there" : `${name} ${sub}`).toBe("there");
    }
    for (const [, tool = ""] of where.matchAll(/the tool ([a-z_]+)/gu)) {
      const manifest = { ...facts.agents[0]?.manifest, tools: [tool] } as never;
      const frame = { facts, agent: { manifest, prompt: "" }, reader: false };
      expect([tool, isLook(frame, tool) || tool === HAND_IN]).toEqual([tool, true]);
    }
  }
});
