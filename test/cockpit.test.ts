import { afterAll, beforeAll, expect, test } from "bun:test";
import { cable } from "./support/cable.ts";
import { type Cockpit, cockpit } from "./support/cockpit.ts";

import { readFileSync } from "node:fs";
import { withPlans } from "./support/plans.ts";

/** The cockpit in a real browser, before a real server: what the operator sees and does. */

/** Every page there is. */
const PAGES = [
  ...["home", "approvals", "missions", "runs", "workers", "chat", "vault", "memory"],
  ...["arrangement", "evolution", "evidence", "playground", "search"],
];

/** Asked in the page: whether it has to be moved sideways to be read. */
const TOO_WIDE =
  "(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)(document.querySelector('main'))";

let it: Cockpit;
beforeAll(async () => {
  it = await cockpit({
    prepare: async (me) => {
      withPlans(me);
      await me.nanos("model", "use", "recorded");
      await me.nanos("mission", "new", "sums");
      await me.nanos("run", "calculate 2 + 2");
      await me.nanos("mission", "new", "bad");
      await me.nanos("run", "echo <img src=x onerror=alert(1)> \u202eevil");
    },
  });
});
afterAll(() => it.close());

test("runs are listed, one is opened by keys, and a step says why it was allowed", async () => {
  await it.open("runs");
  const list = it.page.getByRole("listbox", { name: "Runs" });
  await list.getByRole("option").nth(1).waitFor();
  await list.focus();
  await it.page.keyboard.press("j");
  await it.page.getByRole("heading", { name: "echo <img" }).waitFor();
  const steps = it.page.getByRole("listbox", { name: "Steps" });
  await steps.getByRole("option").nth(1).waitFor();
  await steps.focus();
  await it.page.keyboard.press("End");
  const step = it.page.getByRole("region", { name: "The step" });
  await step.getByText("What came of it").waitFor();
  expect(await step.textContent()).toContain("allow");
  await it.picture("run");
  await it.page.keyboard.press("R");
  await it.page.getByText("Driven again from the journal alone").waitFor();
});

test("what somebody else wrote is shown wherever it stands, and never run", async () => {
  for (const place of ["runs", "missions", "vault"]) {
    await it.open(place);
    const line = it.page
      .getByRole("option")
      .filter({ hasText: "bad" })
      .or(it.page.getByRole("option").filter({ hasText: "Report" }));
    await line.first().click();
    await it.page.getByRole("region").getByText("U+202E").first().waitFor();
    expect(await it.page.locator("main").textContent()).toContain("<script>alert(2)</script>");
  }
  await it.picture("vault");
  expect(await it.page.locator("main img, main script, main a[href^=javascript]").count()).toBe(0);
  expect(it.complaints).toEqual([]);
});

test("what is on the pages stands in the journal", async () => {
  const { out } = await it.me.nanos("trace", "list", "--json");
  const runs = (JSON.parse(out) as { run: string }[]).map(({ run }) => run);
  const file = `${it.me.userHome}/all.jsonl`;
  let journal = "";
  for (const run of runs) {
    await it.me.nanos("trace", "export", run, `${file}-${run}`);
    journal += readFileSync(`${file}-${run}`, "utf8");
  }
  const seen = new Set<string>();
  for (const place of ["home", "missions", "runs", ...runs.map((run) => `runs/${run}`)]) {
    await it.open(place);
    await it.page
      .getByText(place.split("/")[1] ?? "succeeded")
      .first()
      .waitFor();
    const text = await it.page.locator("main").innerText();
    // Ids of runs, heads of chains, reasons of the gate and codes of failures.
    for (const [id] of text.matchAll(
      /\br[0-9a-z]{15}\b|\b[0-9a-f]{16}\b|\b(?:allow|ask|deny):\w+/gu,
    )) {
      seen.add(id);
    }
  }
  expect(seen.size).toBeGreaterThan(runs.length);
  expect([...seen].filter((id) => !journal.includes(id))).toEqual([]);
});

test("a mission is begun, waits, is answered by a key, and is drawn as it ends", async () => {
  await it.open("missions");
  await it.page.getByRole("option").first().waitFor();
  await it.page.keyboard.press("n");
  await it.page.getByLabel("Plan", { exact: true }).selectOption("grave");
  await it.page.getByRole("button", { name: "Begin" }).click();
  await it.page.getByText("Waits for you").waitFor();
  await it.page.keyboard.press("a");
  await it.page.getByRole("button", { name: "Approve once" }).waitFor();
  await it.picture("approval");
  await it.page.keyboard.press("a");
  await it.page.getByText("Nothing waits for you").waitFor();
  await it.open("missions");
  const lines = it.page.getByRole("option");
  await lines.filter({ hasText: "grave" }).getByText("succeeded").waitFor();
  await lines.filter({ hasText: "sums" }).click();
  const plan = it.page.getByRole("img", { name: "one succeeded, two succeeded, both succeeded" });
  await plan.waitFor();
  await it.page.getByText("fifteen").waitFor();
  await it.picture("mission");
});

test("what a mission waits for is read through and answered at once", async () => {
  await it.me.nanos("mission", "new", "pair");
  await it.open("approvals");
  await it.page.getByRole("option").nth(1).waitFor();
  await it.page.getByRole("option").first().click();
  await it.page.getByRole("button", { name: "Read all 2 of this run" }).click();
  const all = it.page.getByRole("region", { name: "All of this run" });
  await all.getByRole("listitem").nth(1).waitFor();
  await it.page.getByRole("button", { name: "Approve these 2, once each" }).click();
  await it.page.getByText("Nothing waits for you").waitFor();
  await it.open("missions");
  const line = it.page.getByRole("option").filter({ hasText: "pair" });
  await line.getByText("succeeded").waitFor();
});

test("the playground says how an answer stands to each constraint, and what was sent", async () => {
  await it.open("playground");
  await it.page.getByLabel("Input").fill("count");
  await it.page.getByLabel("Constraints").fill("at most 2 words\nbe polite");
  await it.page.getByRole("button", { name: "Ask" }).click();
  const answer = it.page.getByRole("region", { name: "Answer" });
  await answer.getByText("missed").waitFor();
  await answer.getByText("uncertain").waitFor();
  await it.page.getByText("Request inspector").click();
  await it.page.getByText("POST /nanocode").waitFor();
  await it.page.getByRole("tab", { name: "Idea" }).click();
  await it.page.getByLabel("Idea").fill("a list of chores");
  await it.page.getByRole("button", { name: "Make spec" }).click();
  await it.page.getByRole("region", { name: "Risks" }).waitFor();
  await it.page.getByRole("tab", { name: "Audience" }).click();
  await it.page.getByLabel("Text").fill("it works");
  await it.page.getByRole("button", { name: "Say it" }).click();
  await it.page.getByRole("region", { name: "For: executive" }).waitFor();
});

test("what is found by its words leads to where it is", async () => {
  await it.open("home");
  await it.page.keyboard.press("g");
  await it.page.keyboard.press("f");
  await it.page.getByLabel("Words").fill("adds up");
  await it.page.keyboard.press("Enter");
  await it.page.getByRole("region", { name: "Runs" }).getByRole("link").first().click();
  await it.page.getByRole("heading", { name: "sums: Adds up" }).waitFor();
});

test("a conversation: two requests, the second of which goes on with the first", async () => {
  await it.open("chat");
  const words = it.page.getByLabel("What you want");
  await words.fill("calculate 6 * 7");
  await words.press("Enter");
  await it.page.getByText("42").first().waitFor();
  await words.fill("echo and again");
  await words.press("Enter");
  await it.page
    .getByLabel("The conversation")
    .getByRole("listitem")
    .nth(1)
    .getByText("succeeded")
    .waitFor();
  expect(new URL(it.page.url()).hash.match(/run=/gu)).toHaveLength(2);
  await it.picture("chat");
});

test("what happens shows by itself", async () => {
  await it.open("home");
  await it.me.nanos("run", "echo while it is looked at");
  await it.page.getByText("while it is looked at").first().waitFor();
  await it.picture("home");
});

test("a trait that was reached is switched on, and off again", async () => {
  await it.open("evolution");
  await it.page.getByRole("button", { name: "Switch on" }).first().click();
  await it.page.getByRole("button", { name: "Switch off" }).click();
  await it.page.getByRole("button", { name: "Switch on" }).first().waitFor();
});

test("a lost connection says so and heals, and what happened meanwhile is there", async () => {
  const between = await cable();
  const other = await cockpit({ cable: between });
  try {
    await other.open("runs");
    between.pull();
    await other.page.getByText("connection lost, trying again").waitFor();
    await other.me.nanos("run", "echo while nobody could look");
    between.putBack();
    await other.page.getByText("live", { exact: true }).waitFor();
    await other.page.getByRole("option").getByText("while nobody could look").waitFor();
  } finally {
    await other.close();
    between.close();
  }
});

test("a server that is killed in the middle of it, and comes back, shows what is true", async () => {
  await it.me.nanos("mission", "new", "grave");
  await it.open("approvals");
  await it.page.getByRole("option").first().click();
  await it.page.getByRole("button", { name: "Approve once" }).waitFor();
  await it.restart("SIGKILL");
  // Seats live as long as the server does.
  await it.page.getByRole("heading", { name: "This browser is not in the cockpit" }).waitFor();
  const { out } = await it.me.nanos("key", "link", "--url", it.url, "--json");
  await it.page.goto((JSON.parse(out) as { link: string }).link);
  await it.page.waitForURL("**/organism");
  await it.open("approvals");
  expect(await it.page.getByRole("option").count()).toBe(1);
  await it.page.getByRole("option").first().click();
  await it.page.getByRole("button", { name: "Deny" }).click();
  await it.page.getByText("Nothing waits for you").waitFor();
});

test.each([
  ["wide", 1440, "light"],
  ["narrow", 390, "dark"],
] as const)("nothing complains, and nobody is kept out: %s", async (size, width, scheme) => {
  const other = await cockpit({ width, scheme });
  try {
    const ways = await other.page.getByRole("navigation").getByRole("link").all();
    const named = await Promise.all(ways.map((way) => way.getAttribute("href")));
    expect(named.map((href) => href?.slice(2)).toSorted()).toEqual(PAGES.toSorted());
    for (const page of PAGES) {
      await other.open(page);
      expect([page, await other.faults()]).toEqual([page, []]);
      expect([page, await other.page.evaluate<boolean>(TOO_WIDE)]).toEqual([page, false]);
      await other.picture(`${page}-${size}`);
    }
    expect(other.complaints).toEqual([]);
  } finally {
    await other.close();
  }
});
