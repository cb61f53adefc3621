import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelConfig, ModelEvent, ModelRequest } from "../../contracts/model.ts";
import { openSandbox } from "../../sandbox/open.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { systemClock } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import { countingRandom } from "../../std/random.ts";
import type { ModelDeps } from "../adapter.ts";
import type { Model } from "../model.ts";
import { openModel } from "../open.ts";
import { ENGINE as ENGINE_NAME, ENGINE_VERSION, findEngine } from "./engine.ts";
import { CASES, type Seen } from "../testing/cases.ts";
import { writeGguf } from "../testing/gguf.ts";
import { seen } from "../testing/seen.ts";

/*
 * A model in a file, on the real engine in a real box. Each answer begins after the operator's last
 * letter, so one model holds all cases. What has a wire to go wrong on is not here: it has none.
 */

const ENGINE = process.env["NANOS_TEST_ENGINE"];
const CHAINS = [
  ["A", "Grü", "ße aus ", "東京 ", "👋, ", "all is well."],
  ["B", "||", "call", ": "],
  // What follows a call's mark is the engine's to write, token by token.
  ["▁", "notes_", "read", "("],
  [
    "(",
    '{"',
    "path",
    '": "',
    "today.",
    "md",
    '", "',
    "lines",
    '": [',
    "1",
    ", ",
    "2",
    "]",
    "}",
    ")",
  ],
  ["C", "<think>", "Two plus ", "two is four.", "</think>", "Four."],
  ["D", "Half ", "an "],
  ["E", "on ", "and ", "on "],
  ["F", "||c", "all: "],
  ["y", '": "', "burn"],
] as const;

let folder = "";
let sandbox: Sandbox;
let model: Model | null = null;
const starts: number[] = [];

const deps = (more: Partial<ModelDeps> = {}): ModelDeps => ({
  ...{ sandbox, env: {}, clock: systemClock, random: countingRandom() },
  ...{ arrangementDir: null, routes: [], ...more },
});

const config = (more: Partial<ModelConfig> = {}): ModelConfig => ({
  adapter: "gguf",
  file: join(folder, "small.gguf"),
  ...(ENGINE !== undefined && { package: ENGINE }),
  ...more,
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "nanos-local-"));
  const real = openSandbox({ clock: systemClock });
  sandbox = {
    ...real,
    start: async (spec) => {
      const boxed = await real.start(spec);
      if (!("code" in boxed)) starts.push(boxed.pid);
      return boxed;
    },
  };
  writeGguf(join(folder, "small.gguf"), CHAINS, 2_048);
  if (ENGINE === undefined) return;
  model = await openModel("local", config(), deps());
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const PATH = { type: "string" } as const;
const LINES = { type: "array", items: { type: "integer" } } as const;
const TOOLS: ModelRequest["tools"] = [
  {
    name: "notes_read",
    description: "It reads.",
    input: {
      type: "object",
      properties: { path: PATH, lines: LINES },
      required: ["path", "lines"],
    },
  },
  { name: "notes_list", description: "It lists.", input: { type: "object", properties: {} } },
];

function asked(text: string, more: Partial<ModelRequest> = {}): ModelRequest {
  const messages = [{ role: "user", parts: [{ type: "text", text }] }] as const;
  return {
    system: "Be brief.",
    messages: [...messages] as never,
    tools: TOOLS,
    agent: "o",
    ...more,
  };
}

/** Without what the engine counts, which is checked to be there. */
async function answer(request: ModelRequest, signal = new AbortController().signal): Promise<Seen> {
  if (model === null) throw new Error("no engine");
  const { usage, ...rest } = await seen(model.stream(request, signal));
  if (usage !== undefined)
    expect([usage.input > 0, usage.output > 0, usage.cost]).toEqual([true, true, 0]);
  return rest;
}

function check(name: string, request: ModelRequest, expected: Seen): void {
  test(name, async () => {
    if (ENGINE === undefined) return console.log(LACKING);
    const { usage: _counted, ...rest } = expected;
    expect(await answer(request)).toEqual(rest);
  });
}
const LACKING = "not available: node-llama-cpp (npm test installs it)";

const NONE = { type: "object", properties: {} } as const;
const only = (
  name: string,
  input: ModelRequest["tools"][number]["input"],
): Partial<ModelRequest> => ({
  tools: [{ name, description: "It is.", input }],
});

check("text", asked("A"), CASES["text"] as Seen);
check("call", asked("B"), CASES["call"] as Seen);
check("thinking", asked("C"), CASES["thinking"] as Seen);
check("empty", asked("Z"), CASES["empty"] as Seen);
check("no-args", asked("B", only("notes_list", NONE)), CASES["no-args"] as Seen);
check("length", asked("D", { maxTokens: 2 }), { text: "Half an ", finish: "length" });
check("told not to call", asked("B", { choice: "none" }), { text: "||call: ", finish: "stop" });
check("the window fills up", asked("E"), { ...ON_AND_ON(), finish: "length" });
check("more than the window", asked(`${"long ".repeat(3_000)}A`), {
  finish: "failed",
  code: "model.context_full",
});
check(
  "it cannot call what is not there, nor say what the schema does not know",
  asked(
    "B",
    only("say", {
      type: "object",
      properties: { way: { enum: ["loud", "low"] } },
      required: ["way"],
    }),
  ),
  { calls: [["say", { way: "loud" }]], finish: "calls" },
);

/** It goes on until its window is full; how often is the engine's to say. */
function ON_AND_ON(): { readonly text: string } {
  return { text: expect.stringMatching(/^(?:on |and ){100,}$/u) as unknown as string };
}

async function* replayed(events: readonly ModelEvent[]): AsyncGenerator<ModelEvent> {
  yield* events;
}

describe("its process", () => {
  const needs = (name: string, body: (model: Model) => Promise<void>): void =>
    test(name, async () => (model === null ? console.log(LACKING) : body(model)));

  needs("cancelled in the middle, and the next is answered by the same one", async (local) => {
    const stop = new AbortController();
    const events: ModelEvent[] = [];
    for await (const event of local.stream(asked("E"), stop.signal)) {
      events.push(event);
      stop.abort();
    }
    expect(await seen(replayed(events))).toEqual({ text: "on ", finish: "cancelled" });
    const before = starts.length;
    expect(await answer(asked("D"))).toEqual({ text: "Half an ", finish: "stop" });
    expect(starts.length).toBe(before);
  });
  needs("vectors of texts, the same for the same, and of no more than it reads", async (local) => {
    const signal = new AbortController().signal;
    const made = await local.embed?.({ inputs: ["A", "D A", "A"] }, signal);
    if (made?.kind !== "made") throw new Error(JSON.stringify(made));
    const [one, other, again] = made.vectors;
    expect([one?.length, one]).toEqual([other?.length, again]);
    // This one's table knows a text by its last token, which is the mark of the end.
    expect(one?.some((number) => number !== 0)).toBe(true);
    expect(made.usage).toEqual({ input: expect.any(Number), output: 0, cost: 0 });
    const long = await local.embed?.({ inputs: ["long ".repeat(3_000)] }, signal);
    expect(long).toMatchObject({ kind: "failed", failure: { code: "model.context_full" } });
    const none = await local.embed?.({ inputs: ["A"] }, AbortSignal.abort());
    expect(none).toEqual({ kind: "cancelled" });
    // The same process still answers.
    expect(await answer(asked("D"))).toEqual({ text: "Half an ", finish: "stop" });
  });
  needs("vectors of a process that is killed, or silent", async (local) => {
    await answer(asked("D"));
    // More than it makes in the moment until it is gone.
    const inputs = Array.from({ length: 2_000 }, () => "long ".repeat(300));
    const killed = local.embed?.({ inputs }, new AbortController().signal);
    process.kill(starts.at(-1) ?? 0, "SIGKILL");
    expect(await killed).toMatchObject({ failure: { code: "model.bad_engine" } });
    const hasty = await openModel("local", config(), deps({ timing: { firstMs: 1, idleMs: 1 } }));
    const late = await hasty.embed?.({ inputs: ["A"] }, new AbortController().signal);
    expect(late).toMatchObject({ failure: { code: "model.silent" } });
  });
  needs("cancelled before it begins", async (local) => {
    expect(await seen(local.stream(asked("A"), AbortSignal.abort()))).toEqual({
      finish: "cancelled",
    });
  });
  needs("asked by many at once", async () => {
    const letters = ["A", "D", "Z", "B"];
    const alone = [];
    for (const letter of letters) alone.push(await answer(asked(letter)));
    expect(await Promise.all(letters.map((letter) => answer(asked(letter))))).toEqual(alone);
  });
  needs("a conversation goes on where a call was answered", async () => {
    const [user] = asked("A").messages;
    const args = { path: "today.md", lines: [1] };
    const messages = [
      user,
      { role: "assistant", parts: [{ type: "call", id: "1", name: "notes_read", args }] },
      {
        role: "tool",
        parts: [{ type: "result", id: "1", name: "notes_read", text: "D", error: false }],
      },
    ] as unknown as ModelRequest["messages"];
    // The engine ends a result with a line of its own, after which this model says nothing.
    expect(await answer({ ...asked(""), messages })).toEqual({
      finish: "failed",
      code: "model.empty",
    });
  });
  needs("killed in the middle, it says so, and the next one starts anew", async (local) => {
    const events: ModelEvent[] = [];
    for await (const event of local.stream(asked("E"), new AbortController().signal)) {
      if (events.length === 0) process.kill(starts.at(-1) ?? 0, "SIGKILL");
      events.push(event);
    }
    const { text, ...rest } = await seen(replayed(events));
    expect(text).toStartWith("on ");
    expect(rest).toEqual({ finish: "failed", code: "model.bad_engine" });
    expect(await answer(asked("D"))).toEqual({ text: "Half an ", finish: "stop" });
  });
  needs("silent for too long, it is ended", async () => {
    const timing = { firstMs: 1, idleMs: 1 };
    const hasty = await openModel("local", config(), deps({ timing }));
    expect(await seen(hasty.stream(asked("A"), new AbortController().signal))).toEqual({
      finish: "failed",
      code: "model.silent",
    });
  });
  needs("one that takes more memory than it may is ended", async () => {
    const small: ModelDeps["sandbox"] = {
      start: (spec) => {
        const limits = { ...spec.box.limits, memoryBytes: 60 * 1024 ** 2 };
        return sandbox.start({ ...spec, box: { ...spec.box, limits } });
      },
    };
    const local = await openModel("local", config(), deps({ sandbox: small }));
    // Its memory is looked at every so often: on a busy machine an answer may come before that.
    let last = await seen(local.stream(asked("A"), new AbortController().signal));
    for (let i = 0; i < 200 && last.finish !== "failed"; i++) {
      last = await seen(local.stream(asked("A"), new AbortController().signal));
    }
    expect(last).toEqual({ finish: "failed", code: "model.too_large" });
  });
  needs("what is no model is said to be none", async () => {
    const file = join(folder, "broken.gguf");
    const whole = readFileSync(join(folder, "small.gguf"));
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    const broken = await openModel("local", config({ file }), deps());
    expect(await seen(broken.stream(asked("A"), new AbortController().signal))).toEqual({
      finish: "failed",
      code: "model.bad_file",
    });
  });
});

describe("refused before anything is started", () => {
  const refuse = (
    name: string,
    more: () => Partial<ModelConfig>,
    code: string,
    says: string,
  ): void =>
    test(name, async () => {
      const given = { ...config({ package: engineIn(ENGINE_VERSION) }), ...more() };
      const error = await openModel("local", given, deps()).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(NanosError);
      expect((error as NanosError).code).toBe(code);
      expect(`${(error as NanosError).message} ${(error as NanosError).next}`).toContain(says);
    });
  const missing = { file: "nowhere.gguf" };
  refuse("no file named", () => ({ file: undefined as never }), "model.bad_config", "no `file`");
  refuse("outside the arrangement", () => missing, "model.bad_config", "outside the arrangement");
  refuse("no such file", () => ({ file: join(folder, "none.gguf") }), "model.bad_file", "ENOENT");
  refuse(
    "another format",
    () => ({ file: import.meta.filename }),
    "model.bad_file",
    "It is in another format",
  );
  refuse(
    "another version of the format",
    () => ({ file: written("GGUF and so on") }),
    "model.bad_file",
    "It is in another format",
  );
  refuse(
    "no engine on PATH",
    () => ({ package: undefined as never }),
    "model.no_engine",
    `npm install --global node-llama-cpp@${ENGINE_VERSION}`,
  );
  refuse("no engine there", () => ({ package: folder }), "model.no_engine", "It is not in");
  refuse(
    "another engine",
    () => ({ package: engineIn("2.1.0") }),
    "model.no_engine",
    "Version 2.1.0",
  );

  test("found by its program on PATH", () => {
    const place = engineIn(ENGINE_VERSION);
    mkdirSync(join(place, "bin"));
    symlinkSync(
      join(place, "node_modules/node-llama-cpp/dist/cli.js"),
      join(place, "bin", ENGINE_NAME),
    );
    expect(
      findEngine("local", undefined, { PATH: `${folder}:relative:${join(place, "bin")}` }),
    ).toEqual({
      entry: join(place, "node_modules/node-llama-cpp/dist/index.js"),
      folder: join(place, "node_modules"),
    });
  });
});

function written(text: string): string {
  const file = join(folder, "other.gguf");
  writeFileSync(file, text);
  return file;
}

/** A folder npm put something of that name into. */
function engineIn(version: string): string {
  const place = mkdtempSync(join(folder, "engine-"));
  const own = join(place, "node_modules", ENGINE_NAME);
  mkdirSync(join(own, "dist"), { recursive: true });
  writeFileSync(join(own, "dist/cli.js"), "");
  const manifest = { name: ENGINE_NAME, version, main: "./dist/index.js" };
  writeFileSync(join(own, "package.json"), JSON.stringify(manifest));
  return place;
}
