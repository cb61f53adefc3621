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
    await it.line("Memory", "Emil");
    await it.act("Drop it");
    await lines.filter({ hasText: "Emil" }).waitFor({ state: "detached" });
    await it.line("Memory", FACT);
    await it.act("Remember it");
    await lines.filter({ hasText: FACT }).getByText("waiting").waitFor({ state: "detached" });
    const notes = join(homeOf(it), "memory", "conversation");
    expect(readdirSync(notes)).toHaveLength(1);
    await it.line("Memory", FACT);
    await it.page.getByText("kept in").waitFor();
    await it.picture("memory");
    await it.act("Forget…");
    await it.page.getByText("This cannot be undone").waitFor();
    await it.act("Keep it");
    await it.act("Forget…");
    await it.act("Forget it");
    await lines.filter({ hasText: FACT }).waitFor({ state: "detached" });
    expect(readdirSync(notes)).toEqual([]);
  });

  test("a run is scrubbed by time, forked at a step, and compared with what it came from", async () => {
    await it.open("runs");
    await it.line("Runs", "calculate 2 + 2");
    await it.act("Show: Timeline");
    await it.act("Move: Moment");
    await it.page.keyboard.press("Home");
    await it.page.getByText(/0 ms after it began: \d+ of \d+ steps begun$/u).waitFor();
    await it.page.keyboard.press("End");
    await it.page.getByText(/ after it began: (\d+) of \1 steps begun$/u).waitFor();
    await it.act("Move: Moment");
    await it.page.keyboard.press("Home");
    await it.fill("Another agent", "oracle");
    await it.fill("Another model", "recorded");
    await it.act("Fork here");
    await it.page.getByText("forked").waitFor();
    await it.act("Show: Compare");
    await it.page.getByText(/All steps are the same|They part at/u).waitFor();
    await it.act("Fill in: The other run");
    await it.act("Compare with it");
    await it.picture("compare");
  });

  test("a note written by hand is stood behind", async () => {
    const notes = join(homeOf(it), "memory", "conversation");
    writeFileSync(join(notes, "fay.md"), "Fay takes neither.\n");
    await it.open("memory");
    await it.line("Memory", "Fay");
    await it.act("I stand behind it");
    await it.page.getByText('"integrity":"operator"').waitFor();
  });

  test("what a task asked of an agent is opened in its place", async () => {
    await it.me.nanos("mission", "new", "asks");
    await it.open("runs");
    await it.line("Runs", "asks");
    const steps = it.page.getByRole("listbox", { name: "Steps" }).getByRole("option");
    const asked = steps.filter({ hasText: "▸" });
    await asked.waitFor();
    while ((await asked.and(it.page.locator("[aria-selected=true]")).count()) === 0) {
      await it.act("Next: Steps");
    }
    const before = await steps.count();
    await it.act("Open what it delegated");
    await steps.filter({ hasText: "▾" }).waitFor();
    expect(await steps.count()).toBeGreaterThan(before);
    await it.act("Close what it delegated");
    await asked.waitFor();
  });

  test("what waits is stopped where what runs is shown", async () => {
    await it.me.nanos("mission", "new", "grave");
    await it.open("workers");
    await it.act("Stop it");
    await it.page.getByText("Nothing is running").waitFor();
    expect((await it.me.nanos("mission", "list")).out).toContain("cancelled");
  });

  test("other rules are held against the past", async () => {
    await it.open("arrangement");
    await it.act("Show: Rules");
    await it.act("Rule");
    await it.act("Fill in: What if these were the rules");
    await it.act("Hold them against the past");
    await it.page.getByText(/Of \d+ decisions/u).waitFor();
    await it.picture("rules");
  });

  test("a bundle of a run is taken away, and holds", async () => {
    await it.open("evidence");
    await it.act("Verify");
    await it.act("Checkpoint");
    await it.page.getByText("— nanos-log/").first().waitFor();
    await it.act("Choose: Run");
    await it.page.keyboard.press("ArrowDown");
    const saved = it.page.waitForEvent("download");
    await it.act("Download");
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
    await it.act("Show: Skills");
    const skill = it.page.getByRole("listitem").filter({ hasText: "code-review" });
    await it.act("All it may do");
    await it.act("Say yes: code-review");
    await skill.getByText("until it is taken back").waitFor();
    expect((await it.me.nanos("grant", "list")).out).toContain("code-review");
    await it.act("Take it back: code-review");
    await skill.getByText("until it is taken back").waitFor({ state: "detached" });
    await it.picture("skills");
  });

  test("what a run wrote is shown line by line, and taken back", async () => {
    const notes = join(it.me.userHome, "notes");
    const all = (): readonly string[] =>
      readdirSync(notes).map((name) => `${name}: ${readFileSync(join(notes, name), "utf8")}`);
    const written = all();
    await it.open("runs");
    await it.line("Runs", "tidy");
    await it.act("Undo…");
    await it.page.getByRole("region", { name: "Undo" }).waitFor();
    await it.picture("undo");
    await it.act("Leave it");
    await it.act("Undo…");
    const before = it.page.url();
    await it.act("Bring back");
    await it.page.waitForURL((url) => url.href !== before);
    const one = it.page.getByRole("region", { name: "One of runs" });
    await one.getByText("succeeded").first().waitFor();
    expect(all()).not.toEqual(written);
  });
});
