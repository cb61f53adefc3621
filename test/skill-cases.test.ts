import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { ok, person, write } from "./support/nanos.ts";

setDefaultTimeout(240_000);

const PLAIN = {
  "SKILL.md": "---\nname: house-style\ndescription: How letters are written.\n---\nx\n",
};

describe("a skill's own cases", () => {
  const COUNT = `import { tool, z } from "nanos/tool";
import * as fs from "node:fs";
export default tool({ name: "count_words", description: "Counts.", scopes: ["read:./notes", "write:./notes"],
  input: z.object({ file: z.string() }),
  run: async ({ file }, ctx) => {
    const n = fs.readFileSync(ctx.path(file), "utf8").trim().split(" ").length;
    fs.writeFileSync(ctx.path("notes/count.txt"), String(n));
    return n;
  } });
`;
  const GOOD = `request: /count notes/a.md
files: { notes/a.md: "one two three" }
model:
  turns:
    - calls: [{ name: count_words, args: { file: notes/a.md } }]
    - say: There are 3 words.
expect: { text: 3 words, calls: [/count, count_words], files: { notes/count.txt: ^3$, notes/b.md: null }, asks: 0 }
`;
  const BAD = `request: count
model: { turns: [{ say: none }] }
expect: { outcome: failed, text: ^3$, calls: [count_words], files: { notes/count.txt: "3" } }
`;

  test("pass and fail with a reason, in an empty home that is gone", async () => {
    using me = person();
    await me.nanos("init", "--from", "toy");
    const folder = write(join(me.userHome, "in/counter"), {
      "SKILL.md": "---\nname: counter\ndescription: Counts words.\n---\nCount.\n",
      "nanos.yaml":
        "scopes: ['read:./notes', 'write:./notes']\ncommands: { count: { description: Counts, prompt: Count $ARGS } }\n",
      "tools/count.ts": COUNT,
      "tests/good.yaml": GOOD,
    });
    await ok(me.nanos("skill", "install", folder, "--yes"));
    const runs = (await me.nanos("trace", "list", "--json")).out;
    const good = await ok(me.nanos("skill", "test", "counter"));
    expect(good.out).toContain("passed tests/good.yaml\n1 passed, 0 failed");

    const there = join(me.userHome, ".nano-os/skills/counter");
    write(there, { "tests/bad.yaml": BAD });
    const bad = await me.nanos("skill", "test", "counter");
    expect({ code: bad.code, out: bad.out }).toEqual({
      code: 1,
      out: `failed tests/bad.yaml
  it succeeded, not failed
  its answer is "none", and does not match ^3$
  it called nothing, not count_words
  notes/count.txt is not there
passed tests/good.yaml
1 passed, 1 failed
`,
    });
    // Nothing of this home was touched, and nothing is left elsewhere.
    expect((await me.nanos("trace", "list", "--json")).out).toBe(runs);
    write(there, { "tests/bad.yaml": "request: x\nexpect: { outcome: great }\n" });
    const wrong = await me.nanos("skill", "test", "counter");
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("tests/bad.yaml:2:")]);
  });

  test("are what `skill test` needs, and `skill check` says what is wrong with a folder", async () => {
    using me = person();
    await me.nanos("init", "--from", "toy");
    await ok(
      me.nanos("skill", "install", write(join(me.userHome, "in/house-style"), PLAIN), "--yes"),
    );
    const none = await me.nanos("skill", "test", "house-style");
    expect([none.code, none.err.includes("skill.no_cases")]).toEqual([2, true]);
    const folder = write(join(me.userHome, "in/odd"), {
      "SKILL.md": "---\nname: odd\ndescription: Odd.\n---\n\nSee [it](references/it.md).\n",
      "nanos.yaml":
        "commands: {}\nevents:\n  - { on: schedule.cron, cron: '0 9 * * *', run: 'command:none' }\n",
    });
    const checked = await me.nanos("skill", "check", folder);
    expect(checked.code).toBe(2);
    expect(checked.out).toContain("odd/nanos.yaml:3:");
    expect(checked.out).toContain("there is no command 'none' in this file");
    expect(checked.out).toContain("odd/SKILL.md:6: names references/it.md, which is not there");
    expect((await ok(me.nanos("skill", "check", "house-style"))).out).toContain("as installed");
  });

  test("that lead out of their folder, or hold no pattern, fail by name", async () => {
    using me = person();
    await me.nanos("init", "--from", "toy");
    const folder = write(join(me.userHome, "in/house-style"), {
      ...PLAIN,
      "tests/out.yaml": "request: x\nfiles: { ../../x: y }\nexpect: {}\n",
      "tests/pattern.yaml":
        "request: x\nmodel: { turns: [{ say: y }] }\nexpect: { text: '(a+)+$' }\n",
    });
    await ok(me.nanos("skill", "install", folder, "--yes"));
    const { code, out } = await me.nanos("skill", "test", "house-style");
    expect([code, out]).toEqual([
      1,
      expect.stringContaining("../../x leads out of the workspace."),
    ]);
    expect(out).toContain("The pattern (a+)+$");
    expect(out).toContain("0 passed, 2 failed");
  });

  test("a skill that says what it may reach is not given another reach at install", async () => {
    using me = person();
    await me.nanos("init", "--from", "toy");
    const scoped = { ...PLAIN, "nanos.yaml": "scopes: ['read:./a']\n" };
    const folder = write(join(me.userHome, "in/house-style"), scoped);
    const refused = await me.nanos("skill", "install", folder, "--scope", "read:./b", "--yes");
    expect([refused.code, refused.err.includes("install.has_scopes")]).toEqual([2, true]);
    const plain = write(join(me.userHome, "plain/house-style"), PLAIN);
    const wrong = await me.nanos("skill", "install", plain, "--scope", "reads everything", "--yes");
    expect([wrong.code, wrong.err.includes("manifest.invalid")]).toEqual([2, true]);
  });
});
