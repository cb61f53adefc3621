import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import type { ModelCard } from "../src/contracts/model.ts";
import type { ModelLine } from "../src/contracts/nanos.ts";
import type { MockRequest } from "../src/models/testing/requests.ts";
import { type MockTurn, startMockProvider } from "../src/models/testing/mock-provider.ts";
import { type Person, person } from "./support/nanos.ts";

const textOf = ({ messages }: MockRequest): string => JSON.stringify(messages);
const sum = (a: number, b: number): { name: string; args: { a: number; b: number } } => ({
  name: "probe_sum",
  args: { a, b },
});

/** The colour of the image in a request, as one who sees it would call it; null without any. */
function colourIn({ body }: MockRequest): string | null {
  const [, data] = /data:image\/png;base64,([\w+/=]+)/u.exec(JSON.stringify(body)) ?? [];
  if (data === undefined) return null;
  const png = Buffer.from(data, "base64");
  const at = png.indexOf("IDAT");
  if (at < 0) return null;
  const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  const [, red, green, blue] = rows;
  const named: Record<string, string> = { "0,0,0": "black", "0,0,255": "blue", "0,160,0": "green" };
  const more: Record<string, string> = {
    "255,0,0": "red",
    "255,255,255": "white",
    "255,230,0": "yellow",
  };
  return { ...named, ...more }[`${red},${green},${blue}`] ?? "purple";
}

/** Does everything it is asked. */
function able(request: MockRequest): MockTurn {
  const text = textOf(request);
  const colour = colourIn(request);
  if (colour !== null) return { say: `It is ${colour}.` };
  if (request.messages.at(-1)?.role === "tool") return { say: "It is 42." };
  if (text.includes("three times")) return { calls: [sum(1, 2), sum(3, 4), sum(5, 6)] };
  if (/probe_sum|adds two/u.test(text)) return { calls: [sum(17, 25)] };
  if (text.includes("JSON object")) return { say: '{ "count": 3, "colour": "red" }' };
  return { say: /amber-\d+/u.exec(text)?.[0] ?? "one two three" };
}

/** Talks, and forgets what is long ago. */
function small(request: MockRequest): MockTurn {
  const text = textOf(request);
  if (colourIn(request) !== null) return { fail: "model.bad_request" };
  if (text.includes("JSON object")) return { say: 'Sure! {"colour":"red","count":3}' };
  if (text.length > 20_000) return { say: "A river." };
  return { say: /amber-\d+/u.exec(text)?.[0] ?? "I would add them up." };
}

async function added(me: Person, url: string, ...more: string[]): Promise<void> {
  const flags = ["--adapter", "openai-compatible", "--url", url, "--model", "m", ...more];
  expect((await me.nanos("model", "add", "one", ...flags)).code).toBe(0);
  expect((await me.nanos("model", "use", "one")).code).toBe(0);
}

async function probed(me: Person, ...more: string[]): Promise<ModelCard> {
  const ran = await me.nanos("model", "probe", "one", "--json", ...more);
  expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: "" });
  return (JSON.parse(ran.out) as { card: ModelCard }).card;
}

const lineOf = async (me: Person): Promise<ModelLine | undefined> =>
  (JSON.parse((await me.nanos("model", "list", "--json")).out) as ModelLine[]).find(
    ({ name }) => name === "one",
  );

test("a model that can do everything is found to, and runs go by what was measured", async () => {
  const server = await startMockProvider({ answer: able });
  using me = person();
  try {
    await me.nanos("init", "--from", "toy");
    await added(me, server.config("openai").url ?? "");
    const card = await probed(me, "--context", "8000");
    const can = { tools: true, toolCount: 128, parallel: true, json: true, images: true };
    expect(card).toMatchObject({ ...can, context: 8_000 });
    expect((await lineOf(me))?.card).toEqual(card);
    expect((await me.nanos("model", "list")).out).toContain("128 tools, 8000, images");
    // What was found is gone by: nobody had to say that it takes images.
    const png = join(me.userHome, "a.png");
    writeFileSync(png, Buffer.from("89504e470d0a1a0a", "hex"));
    expect((await me.nanos("run", "what is this", "--image", png)).code).toBe(0);
    expect(JSON.stringify(server.last()?.body)).toContain("data:image/png");
    await me.nanos("run", "count");
    const view = JSON.parse((await me.nanos("context", "--json")).out) as { window: number };
    expect(view.window).toBe(8_000);
    expect((await me.nanos("trace", "verify")).code).toBe(0);
    const runs = JSON.parse((await me.nanos("trace", "list", "--json")).out) as { run: string }[];
    expect(runs.length).toBeGreaterThan(6);
    for (const { run } of runs.slice(0, 3)) {
      expect((await me.nanos("trace", "replay", run)).code).toBe(0);
    }
  } finally {
    await server.close();
  }
}, 60_000);

test("a model that cannot call tools is offered none, until its config is another", async () => {
  const server = await startMockProvider({ answer: small });
  using me = person();
  try {
    await me.nanos("init", "--from", "toy");
    const url = server.config("openai").url ?? "";
    await added(me, url, "--context", "16000");
    expect(await probed(me)).toMatchObject({
      tools: false,
      parallel: false,
      json: false,
      images: false,
      context: 4_000,
    });
    const png = join(me.userHome, "a.png");
    writeFileSync(png, Buffer.from("89504e470d0a1a0a", "hex"));
    const blind = await me.nanos("run", "what is this", "--image", png);
    expect([blind.code, blind.err]).toEqual([2, expect.stringContaining("nanos model probe one")]);
    await me.nanos("run", "tell me a story");
    expect(server.last()?.tools).toEqual([]);
    const [line] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as { run: string }[];
    expect((await me.nanos("trace", "show", line?.run ?? "")).out).toContain("cannot call tools");
    await added(me, url, "--context", "32000");
    expect((await lineOf(me))?.card).toBeNull();
    await me.nanos("run", "tell me another");
    expect(server.last()?.tools.length).toBeGreaterThan(0);
  } finally {
    await server.close();
  }
}, 60_000);

test("one whose server has no calls is told of its tools in words, and what it prints is called", async () => {
  const call = '<tool_call>{"name": "probe_sum", "arguments": {"a": 17, "b": 25}}</tool_call>';
  const worded = (request: MockRequest): MockTurn => {
    if (request.tools.length > 0) return { say: "I would add them up." };
    const told = request.system.includes("<tool_call>");
    if (!told || textOf(request).includes("tool_response")) return { say: "It is 42." };
    return { say: textOf(request).includes("a = 17") ? call : "I see." };
  };
  const server = await startMockProvider({ answer: worded });
  using me = person();
  try {
    await me.nanos("init", "--from", "toy");
    await added(me, server.config("openai").url ?? "", "--context", "2000");
    expect(await probed(me)).toMatchObject({
      tools: true,
      dialect: "printed",
      parallel: false,
      toolCount: 128,
    });
    expect((await me.nanos("run", "tell me a story")).code).toBe(0);
    expect(server.last()?.tools).toEqual([]);
    expect(server.last()?.system).toContain("## Tools");
    expect((await me.nanos("trace", "show")).out).toContain("is told of its tools in words");
    expect((await me.nanos("trace", "verify")).code).toBe(0);
    const runs = JSON.parse((await me.nanos("trace", "list", "--json")).out) as { run: string }[];
    for (const { run } of runs.slice(0, 2)) {
      expect((await me.nanos("trace", "replay", run)).code).toBe(0);
    }
  } finally {
    await server.close();
  }
}, 60_000);

/** Calls right among so few tools, and else the first there is, as small models do. */
function among(few: number): (request: MockRequest) => MockTurn {
  return (request) => {
    const { tools, messages } = request;
    if (messages.at(-1)?.role === "tool") return { say: "That is it." };
    const [first] = tools;
    if (tools.length > few) return { calls: [{ name: first?.name ?? "", args: {} }] };
    if (!textOf(request).includes("list my notes")) return able(request);
    const lists = tools.some(({ name }) => name === "notes_list");
    const find = { name: "find_tools", args: { words: "list notes" } };
    return { calls: [lists ? { name: "notes_list", args: {} } : find] };
  };
}

test("one that calls right among few tools is offered no more, and finds the others", async () => {
  const server = await startMockProvider({ answer: among(5) });
  using me = person();
  try {
    await me.nanos("init", "--from", "indie-developer");
    await added(me, server.config("openai").url ?? "", "--context", "2000");
    expect(await probed(me)).toMatchObject({ tools: true, toolCount: 4 });
    const ran = await me.nanos("run", "please list my notes", "--json");
    expect(ran.code).toBe(0);
    const run = /"run":"(r[^"]+)"/u.exec(ran.out)?.[1] ?? "";
    expect(server.last()?.tools.length).toBe(4);
    const shown = (await me.nanos("trace", "show", run)).out;
    expect(shown).toContain("notes_list");
    expect(shown).toMatch(/one is offered 4 of \d+ tools/u);
    expect((await me.nanos("context")).out).toMatch(/one is offered 4 of \d+ tools/u);
    expect((await me.nanos("trace", "replay", run)).code).toBe(0);
    // What the operator says goes before what was found.
    await added(me, server.config("openai").url ?? "", "--tools", "5");
    await me.nanos("run", "please list my notes");
    expect(server.last()?.tools.length).toBe(5);
  } finally {
    await server.close();
  }
}, 60_000);

test("one that sees nothing and guesses is found out, and who can be sent none is not asked", async () => {
  const guess = (request: MockRequest): MockTurn =>
    colourIn(request) === null ? able(request) : { say: "red, or blue" };
  const server = await startMockProvider({ answer: guess });
  using me = person();
  try {
    await me.nanos("init", "--from", "toy");
    await added(me, server.config("openai").url ?? "", "--context", "2000");
    expect(await probed(me)).toMatchObject({ images: false });
    const body = { model: "m", messages: [{ role: "user", content: "$PROMPT" }], tools: "$TOOLS" };
    const at = "choices.0.message";
    const http = { body, text: `${at}.content`, calls: `${at}.tool_calls` };
    const one = { adapter: "http", url: `${server.url}/v1/chat/completions`, http, context: 2_000 };
    const file = join(me.userHome, ".nano-os", "machine", "config.yaml");
    writeFileSync(file, JSON.stringify({ v: 1, model: "one", models: { one } }));
    const ran = await me.nanos("model", "probe", "one");
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining("it can be sent none") });
  } finally {
    await server.close();
  }
}, 60_000);

test("a model that is not there is not measured", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  await added(me, "http://127.0.0.1:9/v1");
  const ran = await me.nanos("model", "probe", "one");
  expect(ran.code).not.toBe(0);
  expect(ran.err).toContain("Nothing answers");
  expect((await lineOf(me))?.card).toBeNull();
  expect((await me.nanos("model", "probe", "onne")).err).toContain("Did you mean one?");
}, 60_000);
