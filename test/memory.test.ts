import { expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { person, type Person } from "./support/nanos.ts";

const FACT = "Dora drinks her tea without sugar";

/** A person whose memory is on and whose model says what a script says. */
async function remembering(policy: string, turns: string): Promise<Person & { home: string }> {
  const me = person();
  const home = join(me.userHome, ".nano-os");
  expect((await me.nanos("init", "--from", "toy", "--yes")).code).toBe(0);
  writeFileSync(join(home, "turns.yaml"), turns);
  const file = join(home, "arrangement.yaml");
  const text = readFileSync(file, "utf8").replace("models/recorded.yaml", "turns.yaml");
  const memory = `memory: { enabled: true, policy: ${policy} }`;
  writeFileSync(file, `${text}\nmodel: recorded\n${memory}\n`);
  return Object.assign(me, { home });
}

/** Files by their path below a folder. */
function write(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

/** Every file under a folder that holds these words. */
function holding(dir: string, words: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .filter((file) => readFileSync(file).includes(words));
}

test("said, kept, found in another process, forgotten without a trace", async () => {
  using me = await remembering("strict", "turns:\n  - say: Noted.\n");
  const off = await me.nanos("memory");
  expect(off.out).toContain("on, what you say to remember is kept");
  expect((await me.nanos("run", `Remember this: ${FACT}`)).out).toContain("Noted.");
  const [note] = JSON.parse((await me.nanos("memory", "search", "sugar", "--json")).out) as {
    id: string;
    file: string;
  }[];
  expect(readFileSync(note?.file ?? "", "utf8")).toBe(`${FACT}\n`);
  const id = note?.id ?? "";
  expect((await me.nanos("memory", "show", id)).out).toContain(FACT);
  expect((await me.nanos("memory", "list")).out).toMatch(/shared +you +Dora drinks/u);
  // Views are made anew from the journal.
  for (const end of ["", "-wal", "-shm"]) {
    rmSync(join(me.home, "machine", "journal", `views.db${end}`), { force: true });
  }
  expect((await me.nanos("memory", "list")).out).toMatch(/shared +you +Dora drinks/u);
  const rehearsed = await me.nanos("memory", "forget", id, "--dry-run");
  expect(rehearsed.out).toMatch(/would forget .* erase its words from \d entries/u);
  expect(holding(me.home, "tea without").length).toBeGreaterThan(0);
  expect((await me.nanos("memory", "forget", id)).out).toContain("forgotten");
  expect(holding(me.home, "tea without")).toEqual([]);
  expect((await me.nanos("memory", "search", "sugar")).out).toBe("No notes.\n");
  expect((await me.nanos("trace", "verify")).code).toBe(0);
  const gone = await me.nanos("memory", "forget", id);
  expect([gone.code, gone.err]).toEqual([2, expect.stringContaining("Nothing is kept under")]);
}, 60_000);

test("what is forgotten can be read in no file of the home any more, wherever it had come to", async () => {
  const words = ["zinnia-7719", "q\u00fcendel-4402"];
  const fact = `Dora's "tea" is ${words[0]} with ${words[1]}\\sugar`;
  const long = `${fact} ${"and much more of it, again and again. ".repeat(8_000)}`;
  const turns = [
    { when: { last: "^Remember" }, say: `I keep it: ${fact}` },
    { when: { last: "^What" }, calls: [{ name: "recall", args: { words: "zinnia" } }] },
    { when: { last: "notes" }, say: long },
  ];
  using me = await remembering("strict", JSON.stringify({ turns }));
  await me.nanos("run", `Remember this: ${fact}`);
  await me.nanos("run", "What is in the tea?");
  await me.nanos("run", "What was it?");
  await me.nanos("memory", "list");
  await me.nanos("trace", "list");
  const [note] = JSON.parse((await me.nanos("memory", "search", "zinnia", "--json")).out) as {
    id: string;
  }[];
  const machine = join(me.home, "machine");
  const before = words.flatMap((word) => holding(machine, word)).map((file) => basename(file));
  // The journal held it, and the answer was long enough to lie in a file of its own.
  expect(before.some((name) => name.startsWith("journal.db"))).toBe(true);
  expect((await me.nanos("memory", "forget", note?.id ?? "")).code).toBe(0);
  // What a script says is the operator's own file, and none of what nanos keeps.
  rmSync(join(me.home, "turns.yaml"));
  for (const word of words) expect(holding(me.userHome, word)).toEqual([]);
  expect((await me.nanos("trace", "verify")).code).toBe(0);
  const kept = [...holding(machine, "memory.forgotten"), ...holding(machine, note?.id ?? "")];
  expect(kept.length).toBeGreaterThan(0);
}, 60_000);

test("a note written by hand is untrusted until the operator stands behind it, as it was shown", async () => {
  using me = await remembering("strict", "turns:\n  - say: Noted.\n");
  write(me.home, { "memory/tea.md": `${FACT}\n` });
  expect((await me.nanos("memory", "list")).out).toMatch(/tea +shared +by hand/u);
  const alone = await me.nanos("memory", "vouch", "tea");
  expect([alone.code, alone.err]).toEqual([2, expect.stringContaining("memory.unanswered")]);
  expect(alone.err).toContain(FACT);
  expect((await me.nanos("memory", "vouch", "tea", "--yes")).out).toContain("vouched for tea");
  expect((await me.nanos("memory", "list")).out).toMatch(/tea +shared +you/u);
  appendFileSync(join(me.home, "memory", "tea.md"), "And no milk.\n");
  expect((await me.nanos("memory", "list")).out).toMatch(/tea +shared +by hand/u);
}, 60_000);

test("what is captured waits in the inbox; accepted it is a note, rejected it is none", async () => {
  using me = await remembering("capture_only", "turns:\n  - say: Noted.\n");
  expect((await me.nanos("memory", "inbox")).out).toBe("Nothing waits to be remembered.\n");
  await me.nanos("run", FACT);
  await me.nanos("run", "My number is +49 170 1234567, call me.");
  const inbox = JSON.parse((await me.nanos("memory", "inbox", "--json")).out) as { id: string }[];
  const [first, second] = inbox.map(({ id }) => id);
  expect(inbox.length).toBe(2);
  expect((await me.nanos("memory", "inbox")).out).toContain("conversation");
  expect((await me.nanos("memory", "accept", first ?? "")).out).toContain(`remembered ${first}`);
  expect((await me.nanos("memory", "reject", second ?? "")).out).toContain(`dropped ${second}`);
  expect((await me.nanos("memory", "inbox")).out).toBe("Nothing waits to be remembered.\n");
  expect(readdirSync(join(me.home, "memory", "conversation"))).toEqual([`${first}.md`]);
  const [last] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as { run: string }[];
  expect((await me.nanos("trace", "replay", last?.run ?? "")).code).toBe(0);
  const why = await me.nanos("why", `${last?.run}.1`);
  expect(why.out).toContain("allow:explicit_intent");
}, 60_000);

test("where nothing was switched on, nothing is kept, and the record says why", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy", "--yes");
  await me.nanos("run", "calculate 2 + 2");
  await me.nanos("run", `Remember this: ${FACT}`);
  const memory = await me.nanos("memory");
  expect(memory.out).toContain("off: to switch it on");
  expect(readdirSync(join(me.userHome, ".nano-os"))).not.toContain("memory");
  const [last] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as { run: string }[];
  expect((await me.nanos("why", `${last?.run}.1`)).out).toContain("deny:feature_disabled");
}, 60_000);

test("a tool that may read all around it reads no note", async () => {
  using me = person();
  const made = join(me.userHome, "made");
  const project = join(me.userHome, "project");
  write(made, {
    "arrangement.yaml": "name: walls\nmemory: { enabled: true, policy: strict }\n",
    "agents/oracle.md": "---\nname: oracle\ndescription: Answers.\ntools: [peek]\n---\nAnswer.\n",
    "tools/peek.ts":
      'import { readFileSync } from "node:fs";\nimport { tool, z } from "nanos/tool";\n' +
      "export default tool({ name: 'peek', description: 'Reads a file.', scopes: ['read:.'],\n" +
      "  input: z.object({ path: z.string() }), repeatable: true,\n" +
      "  run: ({ path }) => readFileSync(path, 'utf8') });\n",
  });
  mkdirSync(project);
  expect((await me.nanos("init", project, "--from", made, "--yes")).code).toBe(0);
  const at = { cwd: project };
  expect((await me.run(["trust", ".", "--yes"], at)).code).toBe(0);
  await me.run(["run", `Remember this: ${FACT}`], at);
  write(project, { "open.md": "open to all" });
  const peek = async (path: string): Promise<string> => {
    const args = JSON.stringify({ path });
    const { out, err } = await me.run(["tool", "call", "peek", args], at);
    return out + err;
  };
  const memory = join(project, ".nano-os", "memory");
  const [name = ""] = readdirSync(memory);
  expect(readFileSync(join(memory, name), "utf8")).toContain(FACT);
  expect(await peek(join(project, "open.md"))).toContain("open to all");
  expect(await peek(join(memory, name))).not.toContain("without sugar");
}, 60_000);
