import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { answering, openLab, toolFile } from "./testing/lab.ts";
import { TOOL_FILES, TOOLS } from "./testing/tool-files.ts";

setDefaultTimeout(60_000);

test("a later start starts no process as long as nothing changed, and what changed has another hash", async () => {
  const lab = openLab({ files: TOOL_FILES });
  const first = await lab.host.list();
  const before = lab.starts();
  expect(await lab.again().list()).toEqual(first);
  expect(lab.starts()).toBe(before);
  writeFileSync(
    join(lab.root, "arrangement/lib/double.ts"),
    "export const double = (n: number) => 2 * n;",
  );
  const changed = await lab.call("add", { a: 1 });
  expect(changed).toMatchObject({ ok: false, failure: { code: "tool.changed" } });
  const again = await lab.again().list();
  // A run that waited meanwhile has judged the tool as it was.
  const hash = first.tools.find(({ manifest }) => manifest.name === "add")?.hash ?? "";
  const later = lab.again();
  const call = { tool: "add", args: { a: 1 }, scopes: [], workspace: lab.workspace, hash };
  const { signal } = new AbortController();
  const waited = await later.call(
    { ...call, step: "r.9", now: 0, ms: 20_000 },
    answering(() => ({ ok: true, value: null })).reach,
    signal,
  );
  expect(waited).toMatchObject({ ok: false, failure: { code: "tool.changed" } });
  expect(again.tools.map(({ manifest }) => manifest)).toEqual(
    first.tools.map(({ manifest }) => manifest),
  );
  // Every tool of the folder may import what changed, so a yes to any of them is looked at again.
  const hashes = new Set(first.tools.map(({ hash }) => hash));
  expect(again.tools.filter(({ hash }) => hashes.has(hash))).toEqual([]);
  expect(lab.starts()).toBeGreaterThan(before);
  await lab.close();
});

test.each([
  ["tool.no_tool", "export default { name: 'x' };"],
  ["tool.no_tool", "export const x = 1;"],
  ["tool.import_failed", "import './not-there.ts';"],
  ["tool.import_failed", "throw new Error('at the top');"],
  ["tool.import_failed", "this is no TypeScript"],
  ["tool.import_failed", "import x from 'lodash'; export default x;"],
  ["tool.bad_manifest", toolFile("has space", "return 1;")],
  ["tool.bad_manifest", toolFile("x", "return 1;", "scopes: ['everything'],")],
  [
    "tool.bad_manifest",
    toolFile("x", "return 1;").replace("z.looseObject({})", "z.string() as never"),
  ],
  ["tool.crashed", "process.exit(3);"],
])("a file that cannot be a tool is broken with %s, and the others work", async (code, source) => {
  const lab = openLab({
    files: { [`${TOOLS}/x.ts`]: source, [`${TOOLS}/y.ts`]: toolFile("y", "return 1;") },
  });
  const { tools, broken } = await lab.host.list();
  expect(tools.map(({ manifest }) => manifest.name)).toEqual(["y"]);
  expect(broken).toMatchObject([{ source: join(lab.root, TOOLS, "x.ts"), failure: { code } }]);
  await lab.close();
});

test("two tools of one name: the second is broken", async () => {
  const lab = openLab({
    files: {
      [`${TOOLS}/a.ts`]: toolFile("same", "return 1;"),
      [`${TOOLS}/b.ts`]: toolFile("same", "return 2;"),
    },
  });
  const { broken } = await lab.host.list();
  expect(broken).toMatchObject([{ failure: { code: "tool.duplicate" } }]);
  await lab.close();
});

test("a skill's tool may not declare more than its skill", async () => {
  const files = {
    "arrangement/skills/s/tools/in.ts": toolFile(
      "in",
      "return 1;",
      "scopes: ['read:./notes/sub', 'net:example.org'],",
    ),
    "arrangement/skills/s/tools/out.ts": toolFile("out", "return 1;", "scopes: ['read:./other'],"),
  };
  const lab = openLab({ files, skills: { s: ["read:./notes", "net:*"] } });
  const { tools, broken } = await lab.host.list();
  expect(tools).toMatchObject([{ skill: "s", manifest: { name: "in" } }]);
  expect(broken).toMatchObject([{ failure: { code: "tool.scope_undeclared" } }]);
  expect(broken[0]?.failure.message).toContain("read:./other");
  await lab.close();
});

test("an unknown tool is answered with the nearest name", async () => {
  const lab = openLab({
    files: { [`${TOOLS}/notes_append.ts`]: toolFile("notes_append", "return 1;") },
  });
  const result = await lab.call("notes_apend", {});
  const failure = { code: "tool.unknown", next: "Did you mean notes_append?" };
  expect(result).toMatchObject({ ok: false, failure });
  await lab.close();
});

test("where nothing can hold a process, that is the answer", async () => {
  const failure = { code: "sandbox.no_tier", message: "No tier.", next: "Install one." };
  const start = async (): Promise<typeof failure> => failure;
  const sandbox = { tier: () => null, start, started: () => 0, close: async () => undefined };
  const lab = openLab({ files: { [`${TOOLS}/x.ts`]: toolFile("x", "return 1;") }, sandbox });
  expect((await lab.host.list()).broken).toMatchObject([{ failure }]);
  await lab.close();
});
