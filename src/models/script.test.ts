import { describe, expect, test } from "bun:test";
import type { Message } from "../contracts/message.ts";
import type { ModelEnd, ModelRequest } from "../contracts/model.ts";
import type { ScriptInput } from "../contracts/script.ts";
import { fakeClock, localDate, systemClock } from "../std/clock.ts";
import { NanosError } from "../std/error.ts";
import { compileScript, scriptModel } from "./script.ts";

type Turn = ScriptInput["turns"][number];

const user = (text: string): Message => ({ role: "user", parts: [{ type: "text", text }] });
const assistant = (text: string): Message => ({
  role: "assistant",
  parts: [{ type: "text", text }],
});
const result = (text: string): Message => ({
  role: "tool",
  parts: [{ type: "result", id: "1", name: "t", text, error: false }],
});

function request(messages: readonly Message[], more: Partial<ModelRequest> = {}): ModelRequest {
  return { system: "You are it.", messages, tools: [], agent: "oracle", ...more };
}

const NOON = Date.UTC(2026, 2, 4, 12);

async function ask(turns: readonly Turn[], asked: ModelRequest): Promise<ModelEnd> {
  const model = scriptModel("s", { turns: [...turns] }, fakeClock(NOON), "tests/s.yaml");
  let end: ModelEnd | undefined;
  for await (const event of model.stream(asked, new AbortController().signal)) {
    if (event.type === "end") end = event;
  }
  return end as ModelEnd;
}

/** The text a script answers with; the failure's code where it fails. */
function check(
  name: string,
  turns: readonly Turn[],
  asked: ModelRequest,
  expected: string | { name: string; args: unknown }[],
): void {
  test(name, async () => {
    const end = await ask(turns, asked);
    const calls = end.message.parts.flatMap((part) =>
      part.type === "call" ? [{ name: part.name, args: part.args }] : [],
    );
    const text = end.message.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    const got: unknown = end.failure?.code ?? (calls.length > 0 ? calls : text);
    expect(got).toEqual(expected);
  });
}

describe("which turn answers", () => {
  const ABC: Turn[] = [{ say: "a" }, { say: "b" }, { say: "c" }];
  check("the first, at first", ABC, request([user("x")]), "a");
  check("the next, after an answer", ABC, request([user("x"), assistant("a"), user("y")]), "b");
  check(
    "answers count, whoever gave them",
    ABC,
    request([user("x"), assistant("?"), result("r"), assistant("?"), result("r")]),
    "c",
  );
  check(
    "none is left",
    ABC,
    request([user("x"), assistant("a"), assistant("b"), assistant("c")]),
    "model.script_exhausted",
  );
  check(
    "a turn with `when` answers again and again and uses up no other",
    [{ when: { last: "hi" }, say: "hello" }, ...ABC],
    request([user("hi"), assistant("hello"), user("x"), assistant("a"), user("y")]),
    "b",
  );
  check(
    "from the top: a fitting turn above comes first",
    [{ say: "a" }, { when: { last: "hi" }, say: "hello" }],
    request([user("hi")]),
    "a",
  );
  check(
    "`once` uses up a turn with `when`",
    [
      { when: { last: "hi" }, once: true, say: "hello" },
      { when: { last: "hi" }, say: "again" },
    ],
    request([user("hi"), assistant("hello"), user("hi")]),
    "again",
  );
  check(
    "`once: false` keeps a turn without `when`",
    [{ once: false, say: "always" }],
    request([user("a"), assistant("always"), user("b")]),
    "always",
  );
  const AGENTS: Turn[] = [
    { agent: "research", say: "found" },
    { agent: "note.*", say: "noted" },
    { say: "any" },
  ];
  check("an agent by name", AGENTS, request([user("x")], { agent: "research" }), "found");
  check("an agent by pattern", AGENTS, request([user("x")], { agent: "notes" }), "noted");
  check("a whole name only", AGENTS, request([user("x")], { agent: "my-research" }), "any");
  check(
    "all of `when` must match",
    [{ when: { last: "x", system: "nowhere" }, say: "no" }, { say: "yes" }],
    request([user("x")]),
    "yes",
  );
  check(
    "`last` is the newest of operator and tool, not of the model",
    [{ when: { last: "^r$" }, say: "result" }],
    request([user("x"), assistant("r2"), result("r")]),
    "result",
  );
  check(
    "`last` is all results of a turn",
    [{ when: { last: "^one\\ntwo$" }, say: "both" }],
    request([user("x"), assistant(""), result("one"), result("two")]),
    "both",
  );
  check(
    "`text` is anything, calls included",
    [{ when: { text: "fetch.*example" }, say: "seen" }],
    request([
      user("x"),
      {
        role: "assistant",
        parts: [{ type: "call", id: "1", name: "fetch", args: { url: "example.org" } }],
      },
      result("r"),
    ]),
    "seen",
  );
  check("case is ignored", [{ when: { last: "HI" }, say: "ok" }], request([user("hi")]), "ok");
});

describe("what is filled in", () => {
  const asked = request([user("Read a.md, then stop")], {
    system: "You research.\nReachable: 127.0.0.1:4321\nBe brief.",
  });
  check(
    "a host from the system text, in a call",
    [
      {
        when: { system: "^Reachable: (?<host>\\S+)$" },
        calls: [{ name: "web_fetch", args: { url: "http://{host}/", deep: [{ h: "{1}" }], n: 1 } }],
      },
    ],
    asked,
    [
      {
        name: "web_fetch",
        args: { url: "http://127.0.0.1:4321/", deep: [{ h: "127.0.0.1:4321" }], n: 1 },
      },
    ],
  );
  check(
    "numbers go through last, system, text",
    [
      {
        when: { system: "Be (\\w+)", last: "(\\w+)\\.md, (then)", text: "You (\\w+)" },
        say: "{1} {2} {3} {4} {0}",
      },
    ],
    asked,
    "a then brief research a.md, then",
  );
  check(
    "date, newest text, and other braces",
    [{ say: "{today} {last} {x} {}" }],
    asked,
    `${localDate(NOON)} Read a.md, then stop {x} {}`,
  );
  check(
    "what is filled in is not filled in again",
    [{ when: { last: "(.*)" }, say: "{1}" }],
    request([user("{today}")]),
    "{today}",
  );
  check(
    "a group that took no part is empty",
    [{ when: { last: "(a)|(b)" }, say: "[{1}{2}]" }],
    request([user("b")]),
    "[b]",
  );
});

test("the same request gets the same answer from any instance", async () => {
  const turns: Turn[] = [{ calls: [{ name: "t" }, { name: "t" }] }, { say: "done" }];
  const asked = request([user("x")]);
  expect(await ask(turns, asked)).toEqual(await ask(turns, asked));
  const ids = (await ask(turns, asked)).message.parts.map((p) => (p.type === "call" ? p.id : ""));
  expect(ids).toEqual(["call_1_1", "call_1_2"]);
});

test("no answer names the file and what was asked", async () => {
  const end = await ask([], request([user("what now?\nmore")]));
  expect(end).toEqual({
    type: "end",
    finish: "failed",
    message: { role: "assistant", parts: [] },
    failure: {
      code: "model.script_exhausted",
      message: "Script tests/s.yaml has no answer for agent oracle, asked: what now?",
      next: "Add a turn that fits, or ask what the script was recorded for.",
    },
  });
});

test("deltas have the size asked for and no character is cut", async () => {
  const model = scriptModel("s", { turns: [{ say: "a👋b👋c", chunk: 2 }] }, systemClock);
  const deltas: string[] = [];
  for await (const event of model.stream(request([user("x")]), new AbortController().signal)) {
    if (event.type === "text") deltas.push(event.delta);
  }
  expect(deltas).toEqual(["a👋", "b👋", "c"]);
});

test("a bad script is refused with what is wrong", () => {
  const bad: [unknown, string][] = [
    [{}, "turns"],
    [{ turns: [{ sya: "x" }] }, "turns.0"],
    [{ turns: [{ when: { last: "(" } }] }, "turns.0"],
    [{ turns: [{ say: "a" }, { agent: "x".repeat(501) }] }, "turns.1: the expression is too long"],
    [{ turns: [{ fail: "model.nope" }] }, "there is no code model.nope"],
  ];
  for (const [script, says] of bad) {
    try {
      compileScript(script, "s.yaml");
      expect(says).toBe("refused");
    } catch (error) {
      expect(error).toBeInstanceOf(NanosError);
      expect((error as NanosError).code).toBe("model.bad_script");
      expect((error as NanosError).message).toContain(says);
    }
  }
});
