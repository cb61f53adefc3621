import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Message } from "../../contracts/message.ts";
import type { ModelEvent, ModelRequest } from "../../contracts/model.ts";
import { corpus } from "../../std/sensitive/corpus.fixtures.ts";
import type { Model } from "../model.ts";
import { openPlaceholders } from "./placeholders.ts";
import { scrubbed } from "./scrub.ts";

const SAMPLES = corpus(7, 2).map(({ text }) => text);
const piece = fc.oneof(
  fc.string(),
  fc.constantFrom(...SAMPLES),
  fc.constantFrom(
    "Email_1",
    "Word_1 ",
    "Secret_12",
    "_",
    "9",
    "x",
    "/home/ada/notes",
    "ada@example.org",
  ),
);
const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));

test("what was scrubbed comes back as it was, whatever it was and wherever it is cut", () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), fc.array(fc.nat(80)), (texts, cuts) => {
      const table = openPlaceholders();
      const sent = texts.map(table.scrub);
      expect(sent.map(table.restore)).toEqual(texts);
      for (const [i, one] of sent.entries()) {
        const stream = table.stream();
        let out = "";
        let at = 0;
        for (const cut of cuts) {
          out += stream.push(one.slice(at, at + cut));
          at += cut;
        }
        expect(out + stream.push(one.slice(at)) + stream.end()).toBe(texts[i] ?? "");
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a conversation that grows begins with the same bytes", () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), (texts) => {
      const all = openPlaceholders();
      const whole = texts.map(all.scrub);
      const first = openPlaceholders();
      expect(texts.slice(0, -1).map(first.scrub)).toEqual(whole.slice(0, -1));
    }),
    { numRuns: 300 },
  );
});

const SCRUBBED: readonly (readonly [string, string])[] = [
  [
    "write to ada@example.org and bob@example.org, ada@example.org first",
    "write to Email_1 and Email_2, Email_1 first",
  ],
  ["my card is 4111 1111 1111 1111.", "my card is Card_1."],
  ["in /home/ada/notes, said ada.", "in /home/User_1/notes, said ada."],
  ["password: hunter2zzz", "password: Secret_1"],
  ["Email_1 is what it says", "Word_1 is what it says"],
  ["nothing here", "nothing here"],
];
for (const [before, after] of SCRUBBED) {
  test(`${before} goes out as ${after}`, () => {
    expect(openPlaceholders().scrub(before)).toBe(after);
  });
}

test("what was found once is known wherever it stands later", () => {
  const { scrub } = openPlaceholders();
  expect(scrub("password: hunter2zzz")).toBe("password: Secret_1");
  expect(scrub("then I typed hunter2zzz")).toBe("then I typed Secret_1");
});

/** A model that keeps what it was sent and answers with these pieces and a call. */
function recording(
  deltas: readonly string[],
  args: string,
): { model: Model; sent: ModelRequest[] } {
  const sent: ModelRequest[] = [];
  const said = deltas.join("");
  const model: Model = {
    name: "m",
    host: "api.example.org:443",
    price: null,
    stream: async function* (request) {
      sent.push(request);
      yield { type: "thinking", delta: "Email_1 wants" };
      for (const delta of deltas) yield { type: "text", delta };
      yield {
        type: "end",
        finish: "calls",
        message: {
          role: "assistant",
          parts: [
            { type: "thinking", text: "Email_1 wants", signature: "s" },
            { type: "text", text: said },
            { type: "call", id: "1", name: "send", args: { to: ["Email_1"], note: args } },
            { type: "call", id: "2", name: "send", args: null, broken: '{"to": "Email_1"' },
          ],
        },
      };
    },
  };
  return { model, sent };
}

async function ask(model: Model, messages: Message[]): Promise<ModelEvent[]> {
  const request = { system: "You help ada@example.org.", messages, tools: [], agent: "oracle" };
  return Array.fromAsync(scrubbed(model).stream(request, new AbortController().signal));
}

test("operator, tool results and calls go out scrubbed; answer and arguments come back whole", async () => {
  const { model, sent } = recording(
    ["ask Ema", "il_", "2 and Email_", "3 or Email_9"],
    "hi Email_2",
  );
  const messages: Message[] = [
    { role: "user", parts: [{ type: "text", text: "mail bob@example.org" }] },
    {
      role: "assistant",
      parts: [{ type: "call", id: "0", name: "find", args: { who: "bob@example.org" } }],
    },
    {
      role: "tool",
      parts: [{ type: "result", id: "0", name: "find", text: "eve@example.org", error: false }],
    },
  ];
  const events = await ask(model, messages);
  const [request] = sent;
  expect(request?.system).toBe("You help Email_1.");
  expect(JSON.stringify(request?.messages)).not.toContain("@");
  expect(request?.messages.map(({ parts }) => JSON.stringify(parts))).toEqual([
    JSON.stringify([{ type: "text", text: "mail Email_2" }]),
    JSON.stringify([{ type: "call", id: "0", name: "find", args: { who: "Email_2" } }]),
    JSON.stringify([{ type: "result", id: "0", name: "find", text: "Email_3", error: false }]),
  ]);
  const shown = events.map((event) => (event.type === "text" ? event.delta : "")).join("");
  expect(shown).toBe("ask bob@example.org and eve@example.org or Email_9");
  const end = events.at(-1);
  if (end?.type !== "end") throw new Error("no end");
  expect(end.message.parts).toEqual([
    { type: "thinking", text: "Email_1 wants", signature: "s" },
    { type: "text", text: shown },
    {
      type: "call",
      id: "1",
      name: "send",
      args: { to: ["ada@example.org"], note: "hi bob@example.org" },
    },
    { type: "call", id: "2", name: "send", args: null, broken: '{"to": "ada@example.org"' },
  ]);
  // The answer joins the conversation and goes out again as it came.
  await ask(model, [...messages, end.message]);
  const again = sent[1]?.messages;
  expect(again?.slice(0, 3)).toEqual([...(request?.messages ?? [])]);
  expect(JSON.stringify(again?.[3])).not.toContain("@");
});

test("text without end, an image and a failure pass as they are", async () => {
  const image = { type: "image", media: "image/png", data: "ada@example.org" } as const;
  const failing: Model = {
    name: "m",
    host: null,
    price: null,
    stream: async function* ({ messages }) {
      expect(messages[0]?.parts[0]).toEqual(image);
      yield { type: "retry", ms: 1, why: "later" };
      yield { type: "text", delta: "Ema" };
      yield {
        type: "end",
        finish: "failed",
        message: { role: "assistant", parts: [{ type: "text", text: "Ema" }] },
        failure: { code: "model.cut", message: "It broke off." },
      };
    },
  };
  const events = await ask(failing, [{ role: "user", parts: [image] }]);
  expect(events.map(({ type }) => type)).toEqual(["retry", "text", "end"]);
});
