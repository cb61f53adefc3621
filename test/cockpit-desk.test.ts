import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Cockpit, cockpit } from "./support/cockpit.ts";
import { withPlans } from "./support/plans.ts";

/** What the operator does in the cockpit beside deciding: looking back, taking back, keeping. */

const FACT = "Dora drinks her tea without sugar";

const homeOf = (it: Cockpit): string => join(it.me.userHome, ".nano-os");

describe("a home with a memory", () => {
  let it: Cockpit;
  beforeAll(async () => {
    it = await cockpit({
      prepare: async (me) => {
        withPlans(me);
        const file = join(me.userHome, ".nano-os", "arrangement.yaml");
        const memory = "memory: { enabled: true, policy: capture_only }";
        writeFileSync(file, `${readFileSync(file, "utf8")}\n${memory}\n`);
        await me.nanos("model", "use", "recorded");
        await me.nanos("run", FACT);
        await me.nanos("run", "And Emil his coffee black.");
        await me.nanos("run", "calculate 2 + 2");
      },
    });
  });
  afterAll(() => it.close());

  test("what waits to be remembered is accepted or dropped, and a note is forgotten", async () => {
    await it.open("memory");
    const lines = it.page.getByRole("option");
    await lines.filter({ hasText: "Emil" }).click();
    await it.page.getByRole("button", { name: "Drop it" }).click();
    await lines.filter({ hasText: "Emil" }).waitFor({ state: "detached" });
    await lines.filter({ hasText: FACT }).click();
    await it.page.getByRole("button", { name: "Remember it" }).click();
    await lines.filter({ hasText: FACT }).getByText("waiting").waitFor({ state: "detached" });
    const notes = join(homeOf(it), "memory", "conversation");
    expect(readdirSync(notes)).toHaveLength(1);
    await lines.filter({ hasText: FACT }).click();
    await it.page.getByText("kept in").waitFor();
    await it.picture("memory");
    await it.page.getByRole("button", { name: "Forget…" }).click();
    await it.page.getByText("This cannot be undone").waitFor();
    await it.page.getByRole("button", { name: "Forget it" }).click();
    await lines.filter({ hasText: FACT }).waitFor({ state: "detached" });
    expect(readdirSync(notes)).toEqual([]);
  });

  test("a run is scrubbed by time, forked at a step, and compared with what it came from", async () => {
    await it.open("runs");
    await it.page.getByRole("option").filter({ hasText: "calculate 2 + 2" }).click();
    await it.page.getByRole("tab", { name: "Timeline" }).click();
    const slider = it.page.getByRole("slider");
    await slider.fill("0");
    await it.page.getByText(/^0 ms after it began: \d+ of (\d+) steps begun$/u).waitFor();
    await slider.fill("1000");
    await it.page.getByText(/ after it began: (\d+) of \1 steps begun$/u).waitFor();
    await it.page.getByRole("button", { name: "Fork here" }).click();
    await it.page.getByText("forked").waitFor();
    await it.page.getByRole("tab", { name: "Compare" }).click();
    await it.page.getByText(/All steps are the same|They part at/u).waitFor();
    await it.picture("compare");
  });

  test("what waits is stopped where what runs is shown", async () => {
    await it.me.nanos("mission", "new", "grave");
    await it.open("workers");
    const one = it.page.getByRole("listitem").filter({ hasText: "grave" });
    await one.getByRole("button", { name: "Stop it" }).click();
    await it.page.getByText("Nothing is running").waitFor();
    expect((await it.me.nanos("mission", "list")).out).toContain("cancelled");
  });

  test("other rules are held against the past", async () => {
    await it.open("arrangement");
    await it.page.getByRole("tab", { name: "Rules" }).click();
    await it.page.getByRole("button", { name: "Hold them against the past" }).click();
    await it.page.getByText(/Of \d+ decisions/u).waitFor();
    await it.picture("rules");
  });

  test("a bundle of a run is taken away, and holds", async () => {
    await it.open("evidence");
    await it.page.getByLabel("Run", { exact: true }).selectOption({ index: 1 });
    const saved = it.page.waitForEvent("download");
    await it.page.getByRole("button", { name: "Download" }).click();
    const file = join(it.me.userHome, "bundle.tar");
    await (await saved).saveAs(file);
    expect(readFileSync(file).subarray(257, 262).toString()).toBe("ustar");
  });
});

describe("a home with skills", () => {
  let it: Cockpit;
  beforeAll(async () => {
    it = await cockpit({
      starter: "indie-developer",
      prepare: async (me) => {
        await me.nanos("run", "tidy today's notes", "--yes");
      },
    });
  });
  afterAll(() => it.close());

  test("a yes to a skill is given and taken back", async () => {
    await it.open("arrangement");
    await it.page.getByRole("tab", { name: "Skills" }).click();
    const skill = it.page.getByRole("listitem").filter({ hasText: "code-review" });
    await skill.getByRole("button", { name: "Say yes" }).click();
    await skill.getByText("until it is taken back").waitFor();
    expect((await it.me.nanos("grant", "list")).out).toContain("code-review");
    await skill.getByRole("button", { name: "Take it back" }).click();
    await skill.getByText("until it is taken back").waitFor({ state: "detached" });
    await it.picture("skills");
  });

  test("what a run wrote is shown line by line, and taken back", async () => {
    const notes = join(it.me.userHome, "notes");
    const all = (): readonly string[] =>
      readdirSync(notes).map((name) => `${name}: ${readFileSync(join(notes, name), "utf8")}`);
    const written = all();
    await it.open("runs");
    await it.page.getByRole("option").filter({ hasText: "tidy" }).click();
    await it.page.getByRole("button", { name: "Undo…" }).click();
    await it.page.getByRole("region", { name: "Undo" }).waitFor();
    await it.picture("undo");
    const before = it.page.url();
    await it.page.getByRole("button", { name: /Bring back \d+ files/u }).click();
    await it.page.waitForURL((url) => url.href !== before);
    const one = it.page.getByRole("region", { name: "One of runs" });
    await one.getByText("succeeded").first().waitFor();
    expect(all()).not.toEqual(written);
  });
});
