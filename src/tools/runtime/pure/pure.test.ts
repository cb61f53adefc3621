import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../../../std/json.ts";
import { LIMITS } from "../../../std/limits.ts";
import { answering, openLab, toolFile } from "../../testing/lab.ts";
import { modulesOf, readCode } from "./files.ts";

setDefaultTimeout(60_000);

const TOOLS = "arrangement/tools";

const lab = openLab({
  tier: "wasm",
  files: {
    [`${TOOLS}/sum.ts`]: `import { tool, z } from "nanos/tool";
import z2 from "zod";
import { plus } from "../lib/plus.ts";
export default tool({
  name: "sum",
  description: "Adds.",
  input: z.object({ a: z.number(), b: z2.number() }),
  output: z.object({ sum: z.number() }),
  run: async ({ a, b }: { a: number; b: number }, ctx) => {
    console.log("printed", { a });
    await new Promise((done) => setTimeout(done, 5));
    return { sum: plus(a, b) satisfies number };
  },
});`,
    "arrangement/lib/plus.ts": "export const plus = (a: number, b: number): number => a + b;",
    [`${TOOLS}/ask.ts`]: `import { tool, z } from "nanos/tool";
export default tool({
  name: "ask", description: "Asks.", input: z.object({}), scopes: ["net:example.org"],
  run: async (_, ctx) => (await ctx.fetch("https://example.org/")).text(),
});`,
    [`${TOOLS}/note.ts`]: toolFile("note", "return 1;", `scopes: ["read:./notes"],`),
    [`${TOOLS}/bare.ts`]: `import { tool, z } from "nanos/tool";
export default tool({
  name: "bare", description: "Reads.", input: z.object({}), scopes: ["read:./notes"], run: () => 1,
});`,
    [`${TOOLS}/none.ts`]: "export default 1;",
    [`${TOOLS}/broken.ts`]: "export default {{{",
    [`${TOOLS}/hurt.ts`]: `import { tool, z } from "nanos/tool";
export default tool({
  name: "hurt", description: "Hurts.", input: z.object({ how: z.string() }),
  run: async ({ how }, ctx) => {
    if (how === "deep") return (function f(n: number): number { return f(n + 1) + 1; })(0);
    if (how === "much") { const kept = []; for (;;) kept.push(new Array(1e5).fill(1)); }
    if (how === "late") await new Promise(() => setTimeout(() => { throw new Error("late"); }, 1));
    for (;;);
  },
});`,
  },
});
afterAll(() => lab.close());

test("what computes is listed; what needs files says what to install", async () => {
  const { tools, broken } = await lab.host.list();
  expect(tools.map(({ manifest }) => manifest.name).toSorted()).toEqual([
    ...["ask", "bare", "hurt", "sum"],
  ]);
  const codes = broken.map(({ source, failure }) => [source.split("/").at(-1), failure.code]);
  expect(codes.toSorted()).toEqual([
    ["broken.ts", "tool.import_failed"],
    ["none.ts", "tool.no_tool"],
    ["note.ts", "tool.import_failed"],
  ]);
  const note = broken.find(({ source }) => source.endsWith("note.ts"))?.failure;
  expect(note?.message).toContain("it needs node:fs");
  expect(note?.next).toMatch(/bubblewrap/u);
});

describe("a call", () => {
  const cases: [string, string, Json, object][] = [
    ["computes", "sum", { a: 1, b: 2 }, { ok: true, output: { sum: 3 }, isolation: "wasm" }],
    [
      "is checked as anywhere",
      "sum",
      { a: "1", b: 2 },
      { ok: false, failure: { code: "tool.bad_arguments" }, isolation: "wasm" },
    ],
    ["that is too deep fails", "hurt", { how: "deep" }, { ok: false, isolation: "wasm" }],
    ["that takes too much fails", "hurt", { how: "much" }, { ok: false, isolation: "wasm" }],
    ["that throws later ends its host", "hurt", { how: "late" }, { ok: false, isolation: "wasm" }],
  ];
  for (const [name, tool, args, want] of cases) {
    test(name, async () => expect(await lab.call(tool, args)).toMatchObject(want));
  }

  test("that never ends is ended, and the next one is answered", async () => {
    const result = await lab.call("hurt", { how: "on" }, { ms: 1_500 });
    expect(result).toMatchObject({ ok: false, isolation: "wasm" });
    expect(await lab.call("sum", { a: 2, b: 2 })).toMatchObject({ output: { sum: 4 } });
  });

  test("asks nanos for what it does not have", async () => {
    const reply = { status: 200, headers: {}, body: "hello", url: "https://example.org/" };
    const { reach, wanted } = answering(() => ({ ok: true, value: reply }));
    const result = await lab.call("ask", {}, { reach, scopes: ["net:example.org"] });
    expect(result).toMatchObject({ ok: true, output: "hello", isolation: "wasm" });
    expect(wanted).toMatchObject([{ kind: "fetch", url: "https://example.org/" }]);
  });

  test("that may read is refused, and says what to install", async () => {
    const result = await lab.call("bare", {}, { scopes: [`read:${lab.workspace}`] });
    expect(result).toMatchObject({ ok: false, failure: { code: "sandbox.no_tier" } });
  });
});

describe("modules", () => {
  const files = new Map([
    ["/t/tool.ts", "export const x: number = 1;"],
    ["/t/lib/index.ts", ""],
    ["/t/data.json", '{"a":1}'],
    ["/t/wrong.ts", "const const"],
  ]);
  const modules = modulesOf(files, new Map([["zod", ["null", "z"]]]));
  test("are found as files are", () => {
    const cases: [string, string, string][] = [
      ["/t/tool.ts", "./lib", "/t/lib/index.ts"],
      ["/t/lib/index.ts", "../tool.ts", "/t/tool.ts"],
      ["/t/lib/index.ts", "../tool", "/t/tool.ts"],
      ["/t/tool.ts", "../../etc/passwd", "/etc/passwd"],
      ["/t/tool.ts", "zod", "zod"],
      ["/t/tool.ts", "node:fs", "node:fs"],
    ];
    for (const [base, name, found] of cases) expect(modules.resolve(base, name)).toBe(found);
  });
  test("are given as the language has them", () => {
    expect(modules.source("/t/tool.ts")).toBe("export const x = 1;\n");
    expect(modules.source("/t/data.json")).toBe('export default {"a":1}');
    expect(modules.source("zod")).toContain("e0 as null, e1 as z");
    for (const name of ["/t/wrong.ts", "/etc/passwd", "node:fs", "constructor"]) {
      expect(modules.source(name)).toBeInstanceOf(Error);
    }
  });
  test("beside a tool are read as far as a tool may have them", () => {
    const own = [...readCode([lab.root]).keys()].filter((path) => path.endsWith("plus.ts"));
    expect(own).toHaveLength(1);
    const much = join(lab.root, "much");
    mkdirSync(much);
    writeFileSync(join(much, "large.js"), new Uint8Array(LIMITS.pureCodeBytes + 1));
    expect(() => readCode([much])).toThrow(/more code/u);
    rmSync(join(much, "large.js"));
    for (let i = 0; i < LIMITS.pureFiles; i++) writeFileSync(join(much, `${i}.ts`), "");
    expect(readCode([much]).size).toBe(LIMITS.pureFiles);
    symlinkSync("0.ts", join(much, "link.ts"));
    expect(readCode([much]).size).toBe(LIMITS.pureFiles);
    writeFileSync(join(much, "one-more.ts"), "");
    expect(() => readCode([much])).toThrow(/more code/u);
  });
});
