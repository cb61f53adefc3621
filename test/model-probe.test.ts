import { expect, test } from "bun:test";
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

/** Does everything it is asked. */
function able(request: MockRequest): MockTurn {
  const text = textOf(request);
  if (request.messages.at(-1)?.role === "tool") return { say: "It is 42." };
  if (text.includes("three times")) return { calls: [sum(1, 2), sum(3, 4), sum(5, 6)] };
  if (text.includes("probe_sum")) return { calls: [sum(17, 25)] };
  if (text.includes("JSON object")) return { say: '{ "count": 3, "colour": "red" }' };
  return { say: /amber-\d+/u.exec(text)?.[0] ?? "one two three" };
}

/** Talks, and forgets what is long ago. */
function small(request: MockRequest): MockTurn {
  const text = textOf(request);
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
    expect(card).toMatchObject({ tools: true, parallel: true, json: true, context: 8_000 });
    expect((await lineOf(me))?.card).toEqual(card);
    expect((await me.nanos("model", "list")).out).toContain("tools, 8000");
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
      context: 4_000,
    });
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
