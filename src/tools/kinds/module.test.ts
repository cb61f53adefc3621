import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import { isObject, type Json } from "../../std/json.ts";
import { TIERS } from "../../sandbox/testing/tiers.ts";
import { answering, type Lab, NOON, openLab } from "../testing/lab.ts";
import { TOOL_FILES, TOOLS } from "../testing/tool-files.ts";
import type { ToolResult } from "../tool-host.ts";

setDefaultTimeout(60_000);

for (const tier of TIERS) {
  describe(`a module in ${tier}`, () => {
    let lab: Lab;
    beforeAll(() => {
      lab = openLab({
        files: { ...TOOL_FILES, "work/notes/old.md": "old\n", "work/notes/keep.md": "keep\n" },
        tier,
      });
    });
    afterAll(() => lab.close());

    const output = (result: ToolResult): Json => {
      if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message}`);
      return result.output;
    };
    const code = (result: ToolResult): string => (result.ok ? "ok" : result.failure.code);

    test("is listed with everything it declares", async () => {
      const { tools, broken } = await lab.host.list();
      expect(broken).toEqual([]);
      expect(tools.map(({ manifest }) => manifest.name).sort()).toEqual([
        "add",
        "bad",
        "chatty",
        "get",
        "note",
        "see",
        "state",
        "wrong",
      ]);
      const add = tools.find(({ manifest }) => manifest.name === "add");
      expect(add?.manifest).toMatchObject({
        input: { type: "object", required: ["a"], additionalProperties: false },
        output: { type: "object" },
        scopes: [],
        repeatable: false,
        probe: false,
      });
      expect(add).toMatchObject({
        skill: "add",
        kind: "module",
        source: join(lab.root, TOOLS, "add.ts"),
      });
      expect(tools.find(({ manifest }) => manifest.name === "note")?.manifest.probe).toBe(true);
    });

    test("runs with its defaults and gives its label and tier", async () => {
      const result = await lab.call("add", { a: 2 });
      expect(result).toEqual({
        ok: true,
        output: { sum: 3 },
        isolation: tier,
        held: { net: "none", limits: expect.objectContaining({ memoryBytes: 512 * 1024 ** 2 }) },
        label: { integrity: "directory", secrecy: "public", sources: ["tool:add"] },
        staged: null,
      });
    });

    test("sees its call's world and nothing of the environment but what a scope names", async () => {
      const result = output(await lab.call("see", {}, { scopes: ["env:SHOWN"] }));
      expect(result).toEqual({
        workspace: lab.workspace,
        now: NOON,
        today: "2026-11-21",
        env: { SHOWN: "shown" },
        type: "function",
      });
    });

    test.each([
      [{ a: "2" }, /a: /u],
      [{}, /a: /u],
      [{ a: 1, c: 2 }, /c/u],
      [{ a: 1, deep: { list: [1] } }, /deep\.list\.0: /u],
      ["text", /not an object|expected object/u],
    ])("refuses the arguments %j, naming the field", async (args, says) => {
      const result = await lab.call("add", args);
      expect(code(result)).toBe("tool.bad_arguments");
      expect(result.ok ? "" : result.failure.message).toMatch(says);
    });

    test("keeps its standard output out of the protocol", async () => {
      expect(output(await lab.call("chatty", {}))).toBe("said");
    });

    test("stages what it writes until commit", async () => {
      const notes = join(lab.workspace, "notes");
      const scopes = [`read:${notes}`, `write:${notes}`];
      const result = await lab.call("note", { text: "new\n" }, { scopes, step: "staged.1" });
      expect(output(result)).toEqual(["keep.md", "sub"]);
      expect(readdirSync(notes).sort()).toEqual(["keep.md", "old.md"]);
      const staged = result.ok ? result.staged : null;
      expect(staged?.changes.map(({ path, kind }) => [path.slice(notes.length), kind])).toEqual([
        ["/old.md", "deleted"],
        ["/sub/new.md", "created"],
      ]);
      const later = await lab.again().reopen("staged.1");
      expect(later?.diff).toBe(staged?.diff ?? "none");
      const probe = await lab.call("note", {}, { scopes, probe: true });
      expect(output(probe)).toBe(false);
      expect(await later?.commit()).toBeNull();
      await later?.discard();
      expect(readFileSync(join(notes, "sub/new.md"), "utf8")).toBe("new\n");
      expect(existsSync(join(notes, "old.md"))).toBe(false);
      expect(output(await lab.call("note", {}, { scopes, probe: true }))).toBe(true);
      expect(await lab.again().reopen("staged.1")).toBeNull();
    });

    test("leaves nothing of a failed call", async () => {
      const notes = join(lab.workspace, "notes");
      writeFileSync(join(notes, "old.md"), "old");
      const scopes = [`read:${notes}`, `write:${notes}`];
      const step = "failed.1";
      const result = await lab.call("note", { text: "x", fail: true }, { scopes, step });
      expect(code(result)).toBe("tool.failed");
      expect(await lab.host.reopen(step)).toBeNull();
      expect(existsSync(join(notes, "old.md"))).toBe(true);
      // The same step tried again starts from the real files.
      const again = await lab.call("note", { text: "x" }, { scopes, step });
      expect(code(again)).toBe("ok");
      if (again.ok) await again.staged?.discard();
      expect(await lab.host.reopen(step)).toBeNull();
    });

    test("asks nanos for requests and secrets", async () => {
      const { reach, wanted } = answering((one) =>
        one.kind === "fetch"
          ? {
              ok: true,
              value: { status: 201, headers: { x: "y" }, body: "hi", url: one.url, host: "h:1" },
            }
          : { ok: true, value: "secret:key#1" },
      );
      const result = output(await lab.call("get", { url: "https://example.org/" }, { reach }));
      expect(result).toEqual({
        status: 201,
        ok: true,
        text: "hi",
        headers: { x: "y" },
        handle: "secret:key#1",
      });
      expect(wanted).toEqual([
        {
          kind: "fetch",
          method: "POST",
          url: "https://example.org/",
          headers: { a: "b" },
          body: "x",
        },
        { kind: "secret", name: "key", host: "example.org" },
      ]);
    });

    test("is told what nanos refuses, and why", async () => {
      const result = await lab.call("get", { url: "https://example.org/" });
      expect(result).toMatchObject({
        ok: false,
        failure: { message: "Nothing is reachable in this test." },
      });
    });

    test("what reach throws comes out of the call", async () => {
      const thrown = new Error("waits for the operator");
      const call = lab.call("get", { url: "http://x/" }, { reach: () => Promise.reject(thrown) });
      expect(await call.catch((error: unknown) => error)).toBe(thrown);
    });

    test.each([
      ["throw", "tool.failed", "it went wrong"],
      ["string", "tool.failed", "just text"],
      ["flood", "tool.flooded", "bad"],
      ["forge", "mcp.protocol", "never made"],
      ["bytes", "mcp.protocol", "UTF-8"],
      ["lines", "mcp.protocol", "JSON-RPC"],
      ["trickle", "tool.flooded", "output"],
      ["exit", "tool.crashed", "7"],
      ["kill", "tool.crashed", "SIGKILL"],
      ["bigint", "tool.bad_result", "JSON"],
    ])("that does %s fails with %s", async (how, expected, says) => {
      const result = await lab.call("bad", { how }, { step: `${how}.1` });
      expect(result).toMatchObject({ ok: false, isolation: tier, failure: { code: expected } });
      expect(result.ok ? "" : result.failure.message).toContain(says);
    });

    test("that takes too much memory is stopped", async () => {
      const result = await lab.call("bad", { how: "memory" }, { step: "memory.1" });
      expect(["tool.memory", "tool.crashed"]).toContain(code(result));
    });

    test("gives nothing as null", async () => {
      expect(output(await lab.call("bad", { how: "nothing" }))).toBeNull();
      expect(output(await lab.call("bad", { how: "null" }))).toBeNull();
    });

    test("asks for no more at once than a call may", async () => {
      const { reach } = answering(() => ({ ok: false, failure: { code: "x.y", message: "no" } }));
      const slow = async (wanted: Parameters<typeof reach>[0]): ReturnType<typeof reach> => {
        await new Promise((done) => setTimeout(done, 100));
        return reach(wanted);
      };
      const told = output(await lab.call("bad", { how: "asks" }, { reach: slow, step: "asks.1" }));
      expect((told as string[]).filter((one) => one === "no").length).toBe(LIMITS.toolAsks);
      expect((told as string[]).filter((one) => /same time/u.test(one)).length).toBe(4);
    });

    test.each([["hang"], ["spin"]])(
      "that does %s ends in time, and the next call is answered",
      async (how) => {
        const late = await lab.call("bad", { how }, { ms: 400, step: `late-${how}.1` });
        expect(code(late)).toBe("tool.timeout");
        const next = await lab.call("bad", { how: "null" }, { step: `late-${how}.2` });
        expect(code(next)).toBe("ok");
      },
    );

    test("is cancelled by the signal", async () => {
      const control = new AbortController();
      const call = lab.call("bad", { how: "spin" }, { signal: control.signal, step: "cancel.1" });
      setTimeout(() => control.abort(), 200);
      expect(code(await call)).toBe("tool.cancelled");
    });

    test.each([
      ["read", "read:/etc/passwd"],
      ["wrapped", "read:/etc/shadow"],
      ["connect", "net:127.0.0.1:9"],
      ["dial", "net:127.0.0.1:9"],
      ["spawn", "exec:/bin/ls"],
    ])("that reaches out by %s is told which scope it lacks", async (how, missing) => {
      const result = await lab.call("bad", { how }, { step: `missing-${how}.1` });
      expect(result).toMatchObject({ ok: false, failure: { code: "tool.scope_missing" }, missing });
    });

    test("that writes where it may only read is told so", async () => {
      const result = await lab.call(
        "bad",
        { how: "write" },
        { scopes: [`read:${lab.workspace}`], step: "rw.1" },
      );
      const missing = `write:${lab.workspace}/x.md`;
      expect(result).toMatchObject({ ok: false, failure: { code: "tool.scope_missing" }, missing });
      expect(existsSync(join(lab.workspace, "x.md"))).toBe(false);
    });

    test("shares a warm process within a run and never between runs", async () => {
      const n = (value: Json): Json => (isObject(value) ? (value["n"] ?? null) : null);
      expect(n(output(await lab.call("state", {}, { step: "one.1" })))).toBe(1);
      expect(n(output(await lab.call("state", {}, { step: "one.2.1" })))).toBe(2);
      expect(n(output(await lab.call("state", {}, { step: "two.1" })))).toBe(1);
      const scopes = [`read:${lab.workspace}`];
      expect(n(output(await lab.call("state", {}, { step: "one.3", scopes })))).toBe(1);
    });

    test("answers parallel calls side by side", async () => {
      const before = lab.starts();
      const calls = [300, 200, 100, 0].map((ms) => lab.call("state", { ms }, { step: "side.1" }));
      const results = await Promise.all(calls);
      expect(results.map(code)).toEqual(["ok", "ok", "ok", "ok"]);
      expect(lab.starts() - before).toBe(1);
    });

    test("whose result does not fit its own output fails", async () => {
      expect(code(await lab.call("wrong", {}))).toBe("tool.bad_result");
    });
  });
}
