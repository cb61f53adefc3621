import { afterAll, beforeAll, expect, test } from "bun:test";
import { cable } from "./support/cable.ts";
import { type Cockpit, cockpit } from "./support/cockpit.ts";

import { readFileSync } from "node:fs";
import { withPlans } from "./support/plans.ts";

/** The cockpit in a real browser, before a real server: what the operator sees and does. */

/** Every page there is. */
const PAGES = [
  ...["home", "approvals", "missions", "runs", "workers", "chat", "vault", "memory"],
  ...["schedules", "keys", "arrangement", "evolution", "evidence", "playground", "search"],
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
  await it.act("Replay");
  await it.page.getByText("Driven again from the journal alone").waitFor();
});

test("what somebody else wrote is shown wherever it stands, and never run", async () => {
  for (const [title, words] of [
    ["Runs", "bad"],
    ["Missions", "bad"],
    ["Vault", "Report"],
  ] as const) {
    await it.open(title.toLowerCase());
    await it.line(title, words);
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
  await it.act("New mission");
  await it.fill("Plan", "grave");
  await it.act("Begin");
  await it.page.getByText("Waits for you").waitFor();
  await it.page.getByRole("status").filter({ hasText: "1 waiting for your answer" }).waitFor();
  await it.act("Answer");
  await it.page.getByRole("button", { name: "Approve once" }).waitFor();
  await it.picture("approval");
  await it.act("Approve once");
  await it.page.getByText("Nothing waits for you").waitFor();
  await it.open("missions");
  const lines = it.page.getByRole("option");
  await lines.filter({ hasText: "grave" }).getByText("succeeded").waitFor();
  await it.line("Missions", "sums");
  const plan = it.page.getByRole("img", { name: "one succeeded, two succeeded, both succeeded" });
  await plan.waitFor();
  await it.page.getByText("fifteen").waitFor();
  await it.picture("mission");
});

test("what a mission waits for is read through and answered at once", async () => {
  await it.me.nanos("mission", "new", "pair");
  await it.open("approvals");
  await it.page.getByRole("option").nth(1).waitFor();
  await it.act("To the list: What waits");
  await it.page.keyboard.press("j");
  await it.act("Read all 2 of this run");
  const all = it.page.getByRole("region", { name: "All of this run" });
  await all.getByRole("listitem").nth(1).waitFor();
  await it.act("Approve these 2, once each");
  await it.page.getByText("Nothing waits for you").waitFor();
  await it.open("missions");
  const line = it.page.getByRole("option").filter({ hasText: "pair" });
  await line.getByText("succeeded").waitFor();
});

test("the playground says how an answer stands to each constraint, and what was sent", async () => {
  await it.open("playground");
  await it.fill("Input", "count");
  await it.fill("Constraints, one a line", "at most 2 words\nbe polite");
  await it.act("Ask");
  const answer = it.page.getByRole("region", { name: "Answer" });
  await answer.getByText("missed").waitFor();
  await answer.getByText("uncertain").waitFor();
  await it.act("Request inspector");
  await it.page.getByText("POST /nanocode").waitFor();
  await it.act("Show: Idea");
  await it.fill("Idea", "a list of chores");
  await it.act("Make spec, tests and risks");
  await it.page.getByRole("region", { name: "Risks" }).waitFor();
  await it.act("Show: Audience");
  await it.fill("Text", "it works");
  await it.act("Say it");
  await it.page.getByRole("region", { name: "For: executive" }).waitFor();
});

test("what is found by its words leads to where it is", async () => {
  await it.open("home");
  await it.page.keyboard.press("g");
  await it.page.keyboard.press("f");
  await it.fill("Words", "adds up");
  await it.page.keyboard.press("Enter");
  await it.act("Open: sums: Adds up");
  await it.page.getByRole("heading", { name: "sums: Adds up" }).waitFor();
});

test("a conversation: two requests, the second of which goes on with the first", async () => {
  await it.open("chat");
  await it.fill("What you want", "calculate 6 * 7");
  await it.page.keyboard.press("Enter");
  await it.page.getByText("42").first().waitFor();
  await it.fill("What you want", "echo and again");
  await it.act("Send");
  await it.page
    .getByLabel("The conversation")
    .getByRole("listitem")
    .nth(1)
    .getByText("succeeded")
    .waitFor();
  expect(new URL(it.page.url()).hash.match(/run=/gu)).toHaveLength(2);
  await it.picture("chat");
  await it.act("Choose: Agent");
  await it.act("New conversation");
  await it.page.getByText("What you say is a request").waitFor();
});

test("what a model says is read as it says it, and stopped; what it asks is answered there", async () => {
  await it.open("chat");
  await it.fill("What you want", "say it slowly");
  await it.act("Send");
  const words = it.page.getByRole("log", { name: "The answer so far" });
  await words.getByText("w00 w01").waitFor();
  // Whoever comes later hears it from its beginning.
  await it.page.reload();
  await words.getByText("w00 w01 w02").waitFor();
  await it.act("Stop it");
  await it.page.getByText("cancelled").first().waitFor();
  await it.act("New conversation");
  await it.fill("What you want", "echo it aloud");
  await it.act("Send");
  await it.page.getByRole("region", { name: "It asks" }).getByText("a rule asks").first().waitFor();
  await it.act("Approve once");
  await it.page.getByText("succeeded").waitFor();
  expect(await it.page.locator(".answer").textContent()).toBe("it aloud");
});

test("a mission is run again, cancelled, and what it waits for is allowed for a run by its name", async () => {
  await it.open("missions");
  await it.line("Missions", "grave");
  await it.act("Run again");
  await it.page.getByText("Waits for you").waitFor();
  await it.act("Cancel");
  await it.page.getByRole("region").getByText("cancelled").first().waitFor();
  await it.me.nanos("mission", "new", "gravest");
  await it.open("approvals");
  await it.act("Next: What waits");
  await it.page.getByRole("button", { name: "Approve once" }).waitFor();
  expect(await it.page.getByRole("button", { name: "Approve once" }).isDisabled()).toBe(true);
  await it.fill("Its name", "say");
  await it.act("For this run");
  await it.page.getByText("Nothing waits for you").waitFor();
});

test("what was made is looked at, kept, and stood behind or not", async () => {
  await it.open("vault");
  await it.line("Vault", "Report");
  const saved = it.page.waitForEvent("download");
  await it.act("Save");
  expect(readFileSync(await (await saved).path(), "utf8")).toContain("<script>alert(2)</script>");
  await it.act("Show: What is new");
  await it.act("Show: Versions");
  await it.page.getByRole("link", { name: "version 1" }).waitFor();
  await it.fill("Why", "it is hostile");
  await it.act("Reject");
  await it.page.getByText("it is hostile").waitFor();
  await it.act("Approve");
  await it.page.getByRole("region").getByText("approved").first().waitFor();
});

test("what begins at its time is looked at beforehand, saved, saved again and removed", async () => {
  await it.open("schedules");
  await it.act("New schedule");
  await it.fill("Name", "mornings");
  await it.fill("Time", "0 8 * * *");
  await it.fill("Plan to begin", "sums");
  await it.act("Look ahead");
  await it.page
    .getByRole("region", { name: "What it takes" })
    .getByRole("listitem")
    .nth(1)
    .waitFor();
  await it.picture("schedule-new");
  await it.act("Save it");
  await it.page.getByRole("option").filter({ hasText: "mornings" }).getByText("armed").waitFor();
  expect((await it.me.nanos("schedule", "list")).out).toContain("mornings");
  await it.page.getByRole("region", { name: "One of schedules" }).getByText("plan sums").waitFor();
  await it.picture("schedule");
  await it.act("Save it again");
  await it.act("Remove it");
  await it.page.getByText("Nothing begins by itself").waitFor();
});

test("who may ask over the network is seen, and shut out", async () => {
  const make = ["key", "new", "--agent", "oracle", "--max-calls", "7", "--day-tokens", "900"];
  const { out } = await it.me.nanos(...make, "--json");
  const { id } = JSON.parse(out) as { id: string };
  await it.open("keys");
  const one = it.page.getByRole("listitem").filter({ hasText: id });
  await one.getByText("at most 7 calls").waitFor();
  await one.getByText("0 of 900 tokens").waitFor();
  await it.picture("keys");
  await it.act("End it");
  await one.waitFor({ state: "detached" });
  expect((await it.me.nanos("key", "list")).out).not.toContain(id);
});

test("what happens shows by itself", async () => {
  await it.open("home");
  await it.me.nanos("run", "echo while it is looked at");
  await it.page.getByText("while it is looked at").first().waitFor();
  await it.picture("home");
});

test("a trait that was reached is switched on, and off again", async () => {
  await it.open("evolution");
  await it.act("Switch on");
  await it.act("Switch off");
  await it.page.getByRole("button", { name: "Switch on" }).first().waitFor();
});

test("what can be done is listed with its keys, found by its words and done by Enter", async () => {
  await it.open("home");
  await it.page.keyboard.press("?");
  const palette = it.page.getByRole("dialog", { name: "What can be done here" });
  await palette
    .getByRole("option")
    .filter({ hasText: "Go to: Runs" })
    .getByText("r", { exact: true })
    .waitFor();
  expect(await it.faults()).toEqual([]);
  await it.page.keyboard.press("Escape");
  await it.act("Actions");
  await it.act("What can be done here");
  for (const theme of ["light", "dark", "system"]) {
    await it.act("Light or dark");
    await it.page.getByRole("button", { name: theme }).waitFor();
  }
  await it.act("Go to: Runs");
  await it.fill("Search runs", "calculate");
  await it.page.getByRole("option").nth(2).waitFor({ state: "detached" });
  await it.page.keyboard.press("Escape");
  await it.act("Next: Runs");
  await it.act("Before: Runs");
  await it.act("Back to the list");
  await it.page.getByText("Choose one to see what it did").waitFor();
  await it.act("To the page itself");
});

test("what no key leads to is found out", async () => {
  await it.open("home");
  expect(await it.unreached()).toEqual([]);
  await it.page.evaluate("document.querySelector('main').append(document.createElement('button'))");
  expect(await it.unreached()).toEqual(["no action: <button></button>"]);
  await it.page.reload();
});

test("a lost connection says so and heals, and what happened meanwhile is there", async () => {
  const between = await cable();
  const other = await cockpit({ cable: between });
  try {
    await other.open("runs");
    between.pull();
    await other.page.getByText("connection lost, trying again").waitFor();
    await other.open("evidence");
    await other.page.getByText("The server does not answer").waitFor();
    await other.me.nanos("run", "echo while nobody could look");
    between.putBack();
    await other.act("Try again");
    await other.page.getByText("The journal is as it was written").waitFor();
    await other.open("runs");
    await other.page.getByText("live", { exact: true }).waitFor();
    await other.page.getByRole("option").getByText("while nobody could look").waitFor();
  } finally {
    await other.close();
    between.close();
  }
});

test("a server that is killed in the middle of it, and comes back, shows what is true", async () => {
  await it.me.nanos("mission", "new", "grave");
  await it.open("chat");
  await it.fill("What you want", "say it slowly");
  await it.act("Send");
  await it.page.getByText("running").waitFor();
  await it.restart("SIGKILL");
  // Seats live as long as the server does.
  await it.page.getByRole("heading", { name: "This browser is not in the cockpit" }).waitFor();
  const { out } = await it.me.nanos("key", "link", "--url", it.url, "--json");
  await it.page.goto((JSON.parse(out) as { link: string }).link);
  await it.page.waitForURL("**/organism");
  await it.open("runs");
  await it.line("Runs", "say it slowly");
  await it.act("Go on with it");
  await it.page.getByRole("button", { name: "Go on with it" }).waitFor({ state: "detached" });
  await it.act("Stop it");
  await it.page.getByRole("region").getByText("cancelled").first().waitFor();
  await it.open("approvals");
  expect(await it.page.getByRole("option").count()).toBe(1);
  await it.act("To the list: What waits");
  await it.page.keyboard.press("j");
  await it.act("Deny");
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
      expect([page, await other.nameless()]).toEqual([page, []]);
      expect([page, await other.page.evaluate<boolean>(TOO_WIDE)]).toEqual([page, false]);
      await other.picture(`${page}-${size}`);
    }
    expect(other.complaints).toEqual([]);
  } finally {
    await other.close();
  }
});
