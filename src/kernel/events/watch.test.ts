import { expect, test } from "bun:test";
import { LIMITS } from "../../std/limits.ts";
import type { Fired, Subscription } from "../../contracts/skill.ts";
import { begin } from "../runner.ts";
import { type Lab, lab } from "../testing/lab.ts";
import { folderOf } from "./subscriptions.ts";
import { eventDesk } from "./watch.ts";

const kept = { name: "log_append", run: (): string => "kept" };
const AT_END: Subscription = { on: "journal", kinds: ["run.ended"], run: "tool:log_append" };

/** A home whose skills answer the end of runs. */
function home(events: Readonly<Record<string, readonly Subscription[]>>): Lab {
  const names = Object.keys(events);
  const skill = { description: "", instructions: "", hash: "h", scopes: [], locked: true };
  return lab({
    tools: [kept],
    skills: names.map((name) => ({ ...skill, name, events: events[name] ?? [] })),
    agents: [
      { manifest: { name: "oracle", skills: [] } },
      { manifest: { name: "clerk", skills: [] } },
    ],
    grants: names.map((name) => ({ skill: name, scopes: [], hash: "h", at: 0 })),
    script: { turns: [{ say: "done" }] },
  });
}

/** What is fired until `enough`, while `act` is done again and again. */
async function watched(
  made: Lab,
  act: () => Promise<unknown>,
  enough: (fired: readonly Fired[]) => boolean,
): Promise<readonly Fired[]> {
  const stop = new AbortController();
  const fired: Fired[] = [];
  let told = (): void => undefined;
  const going = eventDesk(made.world, "/ws").watch(stop.signal, (one) => {
    fired.push(one);
    told();
  });
  const ready = (): boolean => fired.some(({ state }) => state === "listening");
  while (!ready()) await new Promise<void>((resolve) => (told = resolve));
  while (!enough(fired)) {
    const before = fired.length;
    await act();
    const came = (): boolean => fired.slice(before).some(({ state }) => state !== "begun");
    while (!came()) await new Promise<void>((resolve) => (told = resolve));
  }
  stop.abort();
  await going;
  return fired;
}

const say = (made: Lab) => async (): Promise<void> => {
  await (
    await begin(made.world, { text: "hello" })
  ).done;
};

test("a subscription begins a limited number of runs within an hour", async () => {
  const agent: Subscription = { ...AT_END, run: "agent:clerk", words: "look at {what}" };
  const made = home({ log: [agent] });
  const why = `it began ${LIMITS.eventsPerHour} runs within an hour`;
  const fired = await watched(made, say(made), (all) =>
    all.some((one) => one.state === "dropped" && one.why === why),
  );
  const ended = fired.filter(({ state }) => state === "ended");
  expect(ended.length).toBe(LIMITS.eventsPerHour);
});

test("skills do not answer one another for ever", async () => {
  const agent: Subscription = { ...AT_END, run: "agent:clerk" };
  const made = home({ a: [agent], b: [agent], c: [agent], d: [agent] });
  const whys = new Set(["its own run led to it", "too many events led to one another"]);
  let calls = 0;
  const once = async (): Promise<void> => {
    if (calls++ === 0) await say(made)();
  };
  const fired = await watched(made, once, (all) => {
    const dropped = all.filter((one) => one.state === "dropped");
    return dropped.length >= 4;
  });
  const dropped = fired.flatMap((one) => (one.state === "dropped" ? [one.why] : []));
  expect(dropped.every((why) => whys.has(why))).toBe(true);
  expect(fired.filter(({ state }) => state === "begun").length).toBeLessThan(40);
});

test("what an event is about is nobody's word: acting outside on it waits for the operator", async () => {
  const post: Subscription = { ...AT_END, run: "tool:web_post", args: { to: "{what}" } };
  const scopes = ["net:example.org:443"];
  const made = lab({
    tools: [{ name: "web_post", scopes, run: () => "sent", manifest: { args: { to: "control" } } }],
    skills: [
      {
        name: "web_post",
        description: "",
        instructions: "",
        hash: "h",
        scopes: [],
        locked: true,
        events: [post],
      },
    ],
    agents: [{ manifest: { name: "oracle", skills: [] } }],
    grants: [{ skill: "web_post", scopes, hash: "h", at: 0 }],
    script: { turns: [{ say: "done" }] },
  });
  const fired = await watched(made, say(made), (all) =>
    all.some(({ state }) => state === "waiting"),
  );
  expect(fired.filter(({ state }) => state === "ended")).toEqual([]);
});

test("a pattern's folder is what in it stands for itself", () => {
  const cases = [
    ["notes/*.md", "notes"],
    ["notes/a/**", "notes/a"],
    ["notes/*/x.md", "notes"],
    ["*.md", null],
    ["notes.md", null],
    ["**/x.md", null],
    ["../x/*.md", null],
    ["notes/../../*.md", null],
    ["/etc/*", null],
    [".ssh/*", null],
  ] as const;
  expect(cases.map(([pattern]) => [pattern, folderOf(pattern)])).toEqual(
    cases.map((one) => [...one]),
  );
});
