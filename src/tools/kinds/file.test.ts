import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { systemClock } from "../../std/clock.ts";
import { openSandbox } from "../../sandbox/open.ts";
import { TIERS } from "../../sandbox/testing/tiers.ts";
import { answering, openLab } from "../testing/lab.ts";
import type { ToolResult } from "../tool-host.ts";
import { fillArgv } from "./command.ts";

setDefaultTimeout(60_000);

const T = "arrangement/tools";
const yaml = (value: Json): string => JSON.stringify(value);
const codeOf = (result: ToolResult): string => (result.ok ? "ok" : result.failure.code);

for (const tier of TIERS) {
  describe(`a command in ${tier}`, () => {
    const files = {
      [`${T}/say.yaml`]: yaml({
        name: "say",
        description: "Says.",
        command: ["/usr/bin/printf", "%s", "{text}"],
      }),
      [`${T}/cat.yaml`]: yaml({
        name: "cat",
        description: "Shows.",
        command: ["cat", "{file}"],
        scopes: ["read:./notes"],
      }),
      [`${T}/copy.yaml`]: yaml({
        name: "copy",
        description: "Copies.",
        command: ["cp", "--", "{file}", "{to}"],
        scopes: ["read:./notes", "write:./notes"],
      }),
      [`${T}/count.yaml`]: yaml({
        name: "count",
        description: "Counts.",
        command: ["wc", "-c"],
        stdin: "text",
      }),
      [`${T}/slow.yaml`]: yaml({ name: "slow", description: "Waits.", command: ["sleep", "30"] }),
      [`${T}/loud.yaml`]: yaml({ name: "loud", description: "Yells.", command: ["yes"] }),
      [`${T}/gone.yaml`]: yaml({
        name: "gone",
        description: "Not there.",
        command: ["no-such-program"],
      }),
      "work/notes/a.md": "text of a\n",
      "work/other.md": "other\n",
    };

    test("runs, is bounded and staged like everything else", async () => {
      const lab = openLab({ files, tier });
      const { tools, broken } = await lab.host.list();
      expect(broken).toEqual([]);
      const cat = tools.find(({ manifest }) => manifest.name === "cat");
      expect(cat).toMatchObject({
        kind: "command",
        skill: "cat",
        manifest: { scopes: ["read:./notes", "exec:cat"] },
      });
      expect(cat?.manifest.input).toMatchObject({
        required: ["file"],
        additionalProperties: false,
      });
      const notes = join(lab.workspace, "notes");
      const scopes = [`read:${notes}`, "exec:cat"];
      const call = lab.call;

      expect(
        await call("say", { text: "a; rm -rf $HOME `id`" }, { scopes: ["exec:/usr/bin/printf"] }),
      ).toMatchObject({
        ok: true,
        output: "a; rm -rf $HOME `id`",
        isolation: tier,
        held: {
          net: "none",
          limits: {
            ms: expect.any(Number),
            memoryBytes: LIMITS.toolMemoryBytes,
            processes: LIMITS.toolProcesses,
            cpuSeconds: LIMITS.toolCpuSeconds,
            outputBytes: expect.any(Number),
            stageBytes: LIMITS.stageBytes,
          },
        },
        label: { integrity: "untrusted" },
      });
      const counted = await call("count", { text: "x".repeat(300_000) }, { scopes: ["exec:wc"] });
      expect(counted).toMatchObject({ ok: true, output: "300000\n" });
      expect(codeOf(await call("count", {}, { scopes: ["exec:wc"] }))).toBe("tool.bad_arguments");
      expect(await call("cat", { file: join(notes, "a.md") }, { scopes })).toMatchObject({
        ok: true,
        output: "text of a\n",
      });
      expect(
        await call("cat", { file: join(lab.workspace, "other.md") }, { scopes }),
      ).toMatchObject({
        ok: false,
        failure: { code: "tool.scope_missing" },
        missing: `read:${lab.workspace}/other.md`,
      });
      expect(await call("cat", { file: join(notes, "none.md") }, { scopes })).toMatchObject({
        ok: false,
        failure: { code: "tool.program_failed" },
      });
      expect(await call("cat", { file: 3 }, { scopes })).toMatchObject({
        ok: false,
        failure: { code: "tool.bad_arguments" },
      });
      expect(await call("cat", { fil: "x" }, { scopes })).toMatchObject({
        failure: { message: expect.stringMatching(/file.*fil/su) },
      });
      expect(codeOf(await call("cat", "x", { scopes }))).toBe("tool.bad_arguments");
      expect(codeOf(await call("cat", { file: "--version" }, { scopes }))).toBe(
        "tool.bad_arguments",
      );
      expect(codeOf(await call("slow", {}, { scopes: ["exec:sleep"], ms: 300 }))).toBe(
        "tool.timeout",
      );
      expect(codeOf(await call("loud", {}, { scopes: ["exec:yes"] }))).toBe("tool.flooded");
      expect(codeOf(await call("gone", {}, { scopes: ["exec:no-such-program"] }))).toBe(
        "tool.not_found_program",
      );
      const control = new AbortController();
      const slow = call("slow", {}, { scopes: ["exec:sleep"], signal: control.signal });
      setTimeout(() => control.abort(), 150);
      expect(codeOf(await slow)).toBe("tool.cancelled");

      const writes = [`read:${notes}`, `write:${notes}`, "exec:cp"];
      const made = await call(
        "copy",
        { file: join(notes, "a.md"), to: join(notes, "b.md") },
        { scopes: writes },
      );
      expect(made).toMatchObject({
        ok: true,
        staged: { changes: [{ path: join(notes, "b.md"), kind: "created" }] },
      });
      expect(existsSync(join(notes, "b.md"))).toBe(false);
      if (made.ok) expect(await made.staged?.commit()).toBeNull();
      expect(readFileSync(join(notes, "b.md"), "utf8")).toBe("text of a\n");
      await lab.close();
    });
  });
}

test.each<[readonly string[], Record<string, Json>, readonly string[] | string]>([
  [["p", "{a}", "x{a}"], { a: "1" }, ["p", "1", "x{a}"]],
  [["p", "{a}"], { a: "two words" }, ["p", "two words"]],
  [["p", "{a}"], { a: -5 }, ["p", "-5"]],
  [["p", "{a}"], { a: [1, 2] }, ["p", "[1,2]"]],
  [["p", "{a}"], { a: "-rf" }, "read as an option"],
  [["p", "--", "{a}"], { a: "-rf" }, ["p", "--", "-rf"]],
  [["p", "--", "{a}"], { a: "a\0b" }, "a byte no argument may hold"],
  [["p", "{a}"], {}, "needs the argument a"],
])("argv %j with %j", (command, args, expected) => {
  const argv = fillArgv("t", command, args);
  if (typeof expected === "string")
    expect(argv).toMatchObject({
      code: "tool.bad_arguments",
      message: expect.stringContaining(expected),
    });
  else expect(argv).toEqual(expected);
});

describe("an http tool", () => {
  const tool = (http: Json, more: Record<string, Json> = {}): string =>
    yaml({ name: "api", description: "Asks.", http, ...more });
  const open = (http: Json, more: Record<string, Json> = {}): ReturnType<typeof openLab> =>
    openLab({ files: { [`${T}/api.yaml`]: tool(http, more) } });

  test("is one request that the gate judges by where it really goes", async () => {
    const input = {
      type: "object",
      properties: { id: { type: "string" }, n: { type: "number" } },
      required: ["id"],
    };
    const lab = open(
      {
        method: "POST",
        url: "https://API.example.org/v1/{id}?q={id}",
        headers: { "X-Id": "{id}", authorization: "Bearer {secret:key}" },
        body: { id: "{id}", n: "{n}", text: "id is {id}" },
      },
      { input },
    );
    const { tools } = await lab.host.list();
    expect(tools).toMatchObject([
      { kind: "http", manifest: { scopes: ["net:api.example.org:443"] } },
    ]);
    const { reach, wanted } = answering((one) =>
      one.kind === "secret"
        ? { ok: true, value: "{secret:key}" }
        : {
            ok: true,
            value: {
              status: 200,
              headers: { "content-type": "application/json" },
              body: '{"a":1}',
              url: one.url,
              host: "h",
            },
          },
    );
    const result = await lab.call("api", { id: "a/../b?c#d\r\nx: y", n: 3 }, { reach });
    expect(result).toMatchObject({
      ok: true,
      isolation: "host",
      staged: null,
      output: { status: 200, body: { a: 1 } },
    });
    expect(wanted).toEqual([
      { kind: "secret", name: "key", host: "api.example.org:443" },
      {
        kind: "fetch",
        method: "POST",
        url: "https://API.example.org/v1/a%2F..%2Fb%3Fc%23d%0D%0Ax%3A%20y?q=a%2F..%2Fb%3Fc%23d%0D%0Ax%3A%20y",
        headers: {
          "content-type": "application/json",
          "x-id": "a/../b?c#d  x: y",
          authorization: "Bearer {secret:key}",
        },
        body: JSON.stringify({ id: "a/../b?c#d\r\nx: y", n: 3, text: "id is a/../b?c#d\r\nx: y" }),
      },
    ]);
    expect(codeOf(await lab.call("api", { id: ".." }, { reach }))).toBe("tool.bad_arguments");
    expect(codeOf(await lab.call("api", { n: 1 }, { reach }))).toBe("tool.bad_arguments");
    expect(codeOf(await lab.call("api", { id: "x" }))).toBe("test.refused");
    expect(codeOf(await lab.call("api", null, { reach }))).toBe("tool.bad_arguments");
    expect(lab.starts()).toBe(0);
    await lab.close();
  });

  test.each([
    ["https://example.org/x", "net:example.org:443"],
    ["http://example.org/x", "net:example.org:80"],
    ["http://example.org:8080/{a}", "net:example.org:8080"],
    ["https://{host}/x", "net:*"],
  ])("%s declares %s", async (url, scope) => {
    const lab = open({ url });
    expect((await lab.host.list()).tools[0]?.manifest.scopes).toEqual([scope]);
    await lab.close();
  });
});

test("a container without podman says what to install", async () => {
  const container = { image: "docker.io/library/alpine", command: ["echo", "{text}"] };
  const files = { [`${T}/box.yaml`]: yaml({ name: "box", description: "Boxed.", container }) };
  const sandbox = openSandbox({ clock: systemClock, forbid: ["container"] });
  const lab = openLab({ files, sandbox });
  expect((await lab.host.list()).tools).toMatchObject([
    { kind: "container", manifest: { scopes: ["exec:podman"] } },
  ]);
  expect(await lab.call("box", { text: "x" })).toMatchObject({
    ok: false,
    failure: { code: "sandbox.no_tier", next: expect.stringContaining("podman") },
  });
  expect(codeOf(await lab.call("box", { text: 1 }))).toBe("tool.bad_arguments");
  expect(codeOf(await lab.call("box", 1))).toBe("tool.bad_arguments");
  await lab.close();
});

test("a container with net: is refused where nothing can lend it a network", async () => {
  const container = { image: "x", command: ["echo"] };
  const spec = { name: "box", description: "Boxed.", container, scopes: ["net:example.org"] };
  const sandbox = openSandbox({ clock: systemClock, forbid: ["bwrap"] });
  const lab = openLab({ files: { [`${T}/box.yaml`]: yaml(spec) }, sandbox });
  expect((await lab.host.list()).tools).toMatchObject([{ kind: "container" }]);
  const scopes = ["exec:podman", "net:example.org:443"];
  expect(await lab.call("box", {}, { scopes })).toMatchObject({
    ok: false,
    failure: { code: "sandbox.no_tier", next: expect.stringMatching(/podman|bubblewrap/u) },
  });
  await lab.close();
});

test.each([
  ["not yaml", "name: [", "tool.bad_manifest"],
  ["nothing to do", yaml({ name: "x", description: "x" }), "tool.bad_manifest"],
  [
    "two things to do",
    yaml({ name: "x", description: "x", command: ["a"], http: { url: "http://x" } }),
    "tool.bad_manifest",
  ],
  [
    "an unknown field",
    yaml({ name: "x", description: "x", command: ["a"], shell: true }),
    "tool.bad_manifest",
  ],
  ["too much of it", `# ${"x".repeat(LIMITS.manifestBytes)}`, "tool.bad_manifest"],
])("a tool file with %s is broken", async (_, text, code) => {
  const lab = openLab({ files: { [`${T}/x.yaml`]: text } });
  const { broken } = await lab.host.list();
  expect(broken).toMatchObject([{ source: join(lab.root, T, "x.yaml"), failure: { code } }]);
  await lab.close();
});

test("an input that is no JSON Schema is told at the call", async () => {
  const files = {
    [`${T}/x.yaml`]: yaml({
      name: "x",
      description: "x",
      command: ["/bin/echo"],
      input: { type: "nonsense" },
    }),
  };
  const lab = openLab({ files });
  expect(codeOf(await lab.call("x", {}, { scopes: ["exec:/bin/echo"] }))).toBe("tool.bad_manifest");
  await lab.close();
});

test("a command of a skill is held to its scopes", async () => {
  const file = yaml({ name: "x", description: "x", command: ["/bin/echo"] });
  const lab = openLab({
    files: { "arrangement/skills/s/tools/x.yaml": file },
    skills: { s: ["read:."] },
  });
  expect((await lab.host.list()).broken).toMatchObject([
    { failure: { code: "tool.scope_undeclared" } },
  ]);
  await lab.close();
});
