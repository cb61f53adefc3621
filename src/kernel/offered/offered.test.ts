import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Message } from "../../contracts/message.ts";
import type { ModelEvent, ModelRequest, ToolSpec } from "../../contracts/model.ts";
import type { Model } from "../../models/model.ts";
import { replay } from "../drive/replay.ts";
import { begin } from "../runner.ts";
import { lab } from "../testing/lab.ts";
import { FIND_TOOLS, byWords, chosen, foundAtOnce } from "./offered.ts";

const spec = (name: string, description = ""): ToolSpec => ({ name, description, input: {} });
const names = (specs: readonly ToolSpec[]): readonly string[] => specs.map(({ name }) => name);
const called = (name: string, args: object): Message => ({
  role: "assistant",
  parts: [{ type: "call", id: "1", name, args: args as never }],
});

const TOOLS = [
  spec("calendar_add", "Puts an event into the calendar."),
  spec("files_move", "Moves files into another folder."),
  spec("mail_send", "Sends a letter by mail."),
  spec("notes_read", "Reads a note."),
  spec("notes_write", "Writes a note."),
  spec("weather", "Says what the weather will be."),
];

const cases: [says: string, request: string, said: readonly Message[], offered: string[]][] = [
  ["the first where nothing says more", "hello", [], ["calendar_add", "files_move"]],
  [
    "what has the words of the request",
    "will the weather be mild?",
    [],
    ["calendar_add", "weather"],
  ],
  ["what is named", "use notes_write", [], ["notes_read", "notes_write"]],
  [
    "what was called before, though the request is about other things",
    "will the weather be mild?",
    [called("mail_send", {})],
    ["mail_send", "weather"],
  ],
  [
    "what was looked for last",
    "will the weather be mild?",
    [called(FIND_TOOLS, { words: "send a letter" }), called(FIND_TOOLS, { words: "moving files" })],
    ["files_move", "mail_send"],
  ],
  [
    "nothing for what was looked for without a word",
    "hello",
    [called(FIND_TOOLS, {})],
    ["calendar_add", "files_move"],
  ],
];
for (const [says, request, messages, offered] of cases) {
  test(`a model that calls right among three is offered ${says}`, () => {
    const some = chosen({ started: { request } as never, messages: [...messages] }, TOOLS, 3);
    expect(names(some)).toEqual([...offered, FIND_TOOLS]);
  });
}

test("one that takes a single tool is offered the likeliest, and what a client brings stays", () => {
  const asked = (wish: object = {}) => ({ started: { request: "read a note", ...wish } as never });
  expect(names(chosen(asked(), TOOLS, 1))).toEqual(["notes_read"]);
  const wish = { tools: [spec("weather"), spec("mail_send")] };
  expect(names(chosen(asked({ wish }), TOOLS, 1))).toEqual(["mail_send", "weather"]);
  expect(chosen(asked(), TOOLS, TOOLS.length)).toBe(TOOLS);
  expect(chosen(asked(), TOOLS, undefined)).toBe(TOOLS);
});

test("whatever there is, no more is offered than it takes, and each tool can be found", () => {
  const name = fc.stringMatching(/^[a-z]{1,5}_[a-z]{1,5}$/u);
  const tools = fc.uniqueArray(fc.tuple(name, fc.string()), {
    maxLength: 30,
    selector: ([n]) => n,
  });
  fc.assert(
    fc.property(tools, fc.integer({ min: 2, max: 12 }), fc.string(), (all, most, request) => {
      const specs = all.map(([one, about]) => spec(one, about));
      const started = { request } as never;
      for (const { name: words } of specs) {
        const messages = [called(FIND_TOOLS, { words })];
        const some = chosen({ started, messages }, specs, most);
        expect(some.length).toBeLessThanOrEqual(most);
        expect(names(some)).toContain(words);
        expect(byWords(specs, words).slice(0, foundAtOnce(most))).toContain(words);
        expect(names(some).filter((one) => one !== FIND_TOOLS)).toEqual(
          names(specs).filter((one) => names(some).includes(one)),
        );
      }
    }),
  );
});

/** Calls the tool it is to call if that is offered; looks for it where it is not. */
function seeker(wanted: string, words: string, seen: ModelRequest[]): Model {
  return {
    ...{ name: "few", host: null, price: null },
    async *stream(request): AsyncIterable<ModelEvent> {
      seen.push(request);
      const has = request.tools.some(({ name }) => name === wanted);
      const done = request.messages.some(({ parts }) =>
        parts.some((part) => part.type === "call" && part.name === wanted),
      );
      const call = has
        ? ({ type: "call", id: "1", name: wanted, args: {} } as const)
        : ({ type: "call", id: "2", name: FIND_TOOLS, args: { words } } as const);
      yield {
        ...{ type: "end", finish: done ? "stop" : "calls" },
        message: { role: "assistant", parts: [done ? { type: "text", text: "sent" } : call] },
      };
    },
  };
}

const lookFor: [says: string, words: string, looks: number][] = [
  ["by what it does", "send a letter", 1],
  ["by its name once nothing fits", "xyzzy", 2],
];
for (const [says, words, looks] of lookFor) {
  test(`a tool that is not offered is found ${says}, called, and replayed as it was`, async () => {
    const seen: ModelRequest[] = [];
    let at = words;
    const few = seeker("mail_send", "", seen);
    const model: Model = {
      ...few,
      stream: (request, signal) => {
        const told = JSON.stringify(request.messages);
        if (told.includes("there_are") && told.includes("mail_send")) at = "mail_send";
        return seeker("mail_send", at, seen).stream(request, signal);
      },
    };
    const tools = TOOLS.map(({ name, description }) => ({
      ...{ name, manifest: { description }, run: () => `${name} did it` },
    }));
    const made = lab({ tools, model, toolCount: 3 });
    const state = await (await begin(made.world, { text: "good morning" })).done;
    expect(state).toMatchObject({ ended: { outcome: "succeeded", text: "sent" } });
    expect(seen.every((request) => request.tools.length === 3)).toBe(true);
    expect(made.tools.calls.map(({ tool }) => tool)).toEqual(["mail_send"]);
    const bodies = [...made.journal.chain(state.run)].flatMap(({ body }) => body ?? []);
    const choices = bodies.flatMap((body) => (body.kind === "tools.chosen" ? [body] : []));
    expect(choices.map(({ of, most }) => [of, most])).toEqual([
      [TOOLS.length, 3],
      [TOOLS.length, 3],
    ]);
    expect(choices[1]?.names).toContain("mail_send");
    const asked = bodies.filter(
      (body) => body.kind === "action.proposed" && body.action.name === FIND_TOOLS,
    );
    expect(asked.length).toBe(looks);
    expect(await replay(made.journal, made.world.recall, state.run)).toMatchObject({ ok: true });
  });
}

test("a look without words is refused, and a tool of that name is called as the tool it is", async () => {
  const made = (tools: readonly string[], args: object) =>
    lab({
      tools: tools.map((name) => ({ name, run: () => "its own" })),
      toolCount: 2,
      script: {
        turns: [{ calls: [{ name: FIND_TOOLS, args: args as never }] }, { say: "done" }],
      },
    });
  const bare = made(["a", "b", "c"], {});
  const state = await (await begin(bare.world, { text: "go" })).done;
  expect(state).toMatchObject({ ended: { outcome: "degraded", text: "done" } });
  const said = JSON.stringify([...bare.journal.chain(state.run)].map(({ body }) => body));
  expect(said).not.toContain('"there_are"');
  const own = made(["a", "b", FIND_TOOLS], {});
  await (
    await begin(own.world, { text: "go" })
  ).done;
  expect(own.tools.calls.map(({ tool }) => tool)).toEqual([FIND_TOOLS]);
});
