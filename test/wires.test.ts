import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startMockProvider } from "../src/models/testing/mock-provider.ts";
import type { MockRequest } from "../src/models/testing/requests.ts";
import { lastLine, person } from "./support/nanos.ts";

const WIRES = ["openai-compatible", "openai", "anthropic", "ollama"] as const;

for (const adapter of WIRES) {
  test(`a session over the ${adapter} wire: streamed, with tools, twice at once`, async () => {
    const server = await startMockProvider({
      answer: ({ messages }) => {
        const last = messages.at(-1);
        if (last?.role === "tool")
          return { say: "Both notes are written, one after the other.", chunk: 5 };
        return {
          say: "On it. ",
          calls: ["one", "two"].map((text) => ({
            name: "notes_append",
            args: { note: `from-${text}`, section: "Wire", text },
          })),
        };
      },
    });
    using me = person();
    try {
      expect((await me.nanos("init", "--from", "indie-developer")).code).toBe(0);
      const config = server.config(adapter === "openai-compatible" ? "openai" : adapter);
      const url = adapter === "ollama" ? server.url : (config.url ?? `${server.url}/v1`);
      const env = { TEST_KEY: "k-not-secret" };
      const key = adapter === "ollama" ? [] : ["--key-env", "TEST_KEY"];
      const added = await me.run(
        ["model", "add", "wire", "--adapter", adapter, "--url", url, "--model", "m", ...key],
        { env },
      );
      expect(added.err).toBe("");
      await me.nanos("model", "use", "wire");
      const both = await Promise.all([
        me.run(["run", "write both notes", "--json"], { env }),
        me.run(["run", "write both notes again", "--json"], { env }),
      ]);
      for (const result of both) {
        expect({ code: result.code, err: result.err }).toMatchObject({ code: 0 });
        expect(lastLine(result)).toMatchObject({ kind: "run.ended", outcome: "succeeded" });
        expect(result.out).not.toContain("k-not-secret");
      }
      for (const text of ["one", "two"]) {
        const note = readFileSync(join(me.userHome, "notes", `from-${text}.md`), "utf8");
        expect(note.split(`\n`).filter((line) => line.includes(text)).length).toBeGreaterThan(0);
      }
      expect((await me.nanos("trace", "verify")).code).toBe(0);
      const streamed = await me.run(["run", "write both notes a third time"], { env });
      expect(streamed.out).toContain("Both notes are written, one after the other.");
    } finally {
      await server.close();
    }
  }, 60_000);
}

test("what a model was sent stands unchanged before what comes next, so that a provider's cache holds", async () => {
  const asked: MockRequest[] = [];
  const server = await startMockProvider({
    answer: (request) => {
      asked.push(request);
      if (request.messages.at(-1)?.role === "tool") return { say: "Noted." };
      const args = { note: "kept", section: "Cache", text: `line ${asked.length}` };
      return { calls: [{ name: "notes_append", args }] };
    },
  });
  using me = person();
  try {
    await me.nanos("init", "--from", "indie-developer");
    const { url = "" } = server.config("openai");
    const model = ["--adapter", "openai-compatible", "--model", "m", "--url", url];
    await me.nanos("model", "add", "wire", ...model);
    await me.nanos("model", "use", "wire");
    const came = await me.run([], { input: "note one\nnote two\nnote three\n" });
    expect(came.code).toBe(0);
    await me.run(["--continue"], { input: "note four\n" });
    expect(asked.length).toBe(8);
    const begins = (before: MockRequest, after: MockRequest): void => {
      expect(after.system).toBe(before.system);
      expect(after.tools).toEqual(before.tools);
      expect(after.messages.slice(0, before.messages.length)).toEqual([...before.messages]);
    };
    // Within a turn, and from the first call of one to the first call of the next.
    for (let i = 0; i < asked.length; i += 2) begins(asked[i]!, asked[i + 1]!);
    for (let i = 2; i < asked.length; i += 2) begins(asked[i - 2]!, asked[i]!);
  } finally {
    await server.close();
  }
}, 60_000);

test("a model that is down is stood in for, and what is shown says so", async () => {
  const server = await startMockProvider({ answer: () => ({ say: "The second one answers." }) });
  using me = person();
  try {
    await me.nanos("init", "--from", "toy");
    const { url = "" } = server.config("openai");
    const adapter = ["--adapter", "openai-compatible", "--model", "m"];
    await me.nanos("model", "add", "second", ...adapter, "--url", url);
    const down = ["--url", "http://127.0.0.1:9/v1", "--fallback", "second"];
    await me.nanos("model", "add", "first", ...adapter, ...down);
    await me.nanos("model", "use", "first");
    const ran = await me.nanos("run", "say something");
    expect({ code: ran.code, out: ran.out.trim() }).toEqual({
      code: 0,
      out: "The second one answers.",
    });
    const [line] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as { run: string }[];
    const shown = await me.nanos("trace", "show", line?.run ?? "");
    expect(shown.out).toContain("second was asked in its place");
    expect((await me.nanos("trace", "replay", line?.run ?? "")).code).toBe(0);
  } finally {
    await server.close();
  }
}, 60_000);

test("a stand-in nobody knows is refused by name", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  const flags = ["--adapter", "rules", "--fallback", "secnd"];
  await me.nanos("model", "add", "second", "--adapter", "rules");
  const added = await me.nanos("model", "add", "first", ...flags);
  expect(added.code).toBe(2);
  expect(added.err).toContain("Did you mean second?");
}, 60_000);
