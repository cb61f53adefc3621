import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Person, type Result, person } from "./support/nanos.ts";

/** A person with the toy starter and one skill of bad tools, each a way to go wrong. */
async function withBadTools(): Promise<Person> {
  const me = person();
  expect((await me.nanos("init", "--from", "toy")).code).toBe(0);
  const skill = join(me.userHome, ".nano-os", "skills", "bad");
  mkdirSync(join(skill, "tools"), { recursive: true });
  writeFileSync(join(skill, "SKILL.md"), "---\nname: bad\ndescription: Tools that fail.\n---\nx\n");
  for (const [name, body] of Object.entries(BAD)) {
    const scopes = name === "peek" ? '["read:./own"]' : "[]";
    writeFileSync(
      join(skill, "tools", `${name}.ts`),
      `import { tool, z } from "nanos/tool";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
void spawnSync; void readFileSync; void writeFileSync; void connect;
export default tool({ name: "${name}", description: "${name}", input: z.object({ at: z.string().optional() }),
  scopes: ${scopes}, run: async ({ at }) => { void at; ${body} } });\n`,
    );
  }
  return me;
}

const BAD = {
  die: "process.exit(7);",
  flood: 'for (;;) process.stderr.write("x".repeat(65536));',
  lie: "return 1n as unknown as string;",
  late: 'setTimeout(() => { throw new Error("too late"); }); return await new Promise<string>(() => {});',
  throws: 'throw new Error("no luck");',
  peek: 'return readFileSync(at ?? "/etc/hostname", "utf8");',
  scribble: 'writeFileSync(at ?? "/tmp/nanos-scribble", "x"); return "wrote";',
  dial: 'return await new Promise((r, j) => { const s = connect(Number(at), "127.0.0.1"); s.on("connect", () => r("connected")); s.on("error", (e) => j(e)); });',
  spawn:
    'const r = spawnSync("/bin/echo", ["hi"]); if (r.error) throw r.error; return String(r.stdout);',
};

/** A direct call of one tool; what came of it as the last JSON line. */
async function call(
  me: Person,
  tool: string,
  args: object = {},
): Promise<{ result: Result; text: string }> {
  const result = await me.nanos("tool", "call", tool, JSON.stringify(args), "--json");
  return { result, text: `${result.out}${result.err}` };
}

describe("a tool that goes wrong is a clear failure", () => {
  const cases: readonly [string, object, RegExp][] = [
    ["die", {}, /tool\.crashed/u],
    ["flood", {}, /tool\.(?:flooded|crashed)/u],
    ["throws", {}, /no luck/u],
    ["late", {}, /too late/u],
    ["peek", { at: 5 }, /tool\.bad_arguments/u],
    ["nosuch", {}, /no tool nosuch/u],
  ];
  for (const [tool, args, says] of cases) {
    test(`${tool} ${JSON.stringify(args)}`, async () => {
      using me = await withBadTools();
      const { result, text } = await call(me, tool, args);
      expect(text).toMatch(says);
      expect([1, 2, 3]).toContain(result.code ?? -1);
      expect((await me.nanos("trace", "verify")).code).toBe(0);
    }, 60_000);
  }
});

describe("a tool outside its scopes fails in the sandbox, and the trace names the scope", () => {
  const cases: readonly [string, object, RegExp][] = [
    ["peek", { at: "/etc/hostname" }, /read:\/etc\/hostname/u],
    ["scribble", { at: "/tmp/nanos-scribble" }, /write:\/tmp/u],
    ["dial", { at: "9" }, /net:/u],
    ["spawn", {}, /exec:/u],
  ];
  for (const [tool, args, scope] of cases) {
    test(
      tool,
      async () => {
        using me = await withBadTools();
        await call(me, tool, args);
        const [line] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as {
          run: string;
        }[];
        const shown = await me.nanos("trace", "show", line?.run ?? "", "--json");
        expect(shown.out).toMatch(scope);
        expect(shown.out).toMatch(/"status": ?"failed"/u);
      },
      60_000,
    );
  }
});

describe("a broken home or arrangement says where and what to do, exit 2", () => {
  const cases: readonly [string, (me: Person) => void, RegExp][] = [
    [
      "an unknown field",
      (me) =>
        replace(
          me,
          "agents/oracle.md",
          "---\nname: oracle\ndescription: d\nskils: [basics]\n---\nx\n",
        ),
      /oracle\.md:4.*skils.*skills/su,
    ],
    ["broken YAML", (me) => replace(me, "arrangement.yaml", "name: [x\n"), /arrangement\.yaml:\d/u],
    [
      "a rule whose example does not match",
      (me) =>
        replace(
          me,
          "rules.yaml",
          "rules:\n  - id: r\n    when: { name: echo }\n    then: deny\n    example: { name: other }\n    counter: { name: x }\n",
        ),
      /rules\.yaml:\d.*example/su,
    ],
  ];
  for (const [name, breakIt, says] of cases) {
    test(
      name,
      async () => {
        using me = person();
        await me.nanos("init", "--from", "toy");
        breakIt(me);
        const result = await me.nanos("run", "echo hi");
        expect(result.code).toBe(2);
        expect(result.err).toMatch(says);
      },
      60_000,
    );
  }
});

function replace(me: Person, file: string, text: string): void {
  writeFileSync(join(me.userHome, ".nano-os", file), text);
}

describe("a model that is not there or talks nonsense", () => {
  test("unreachable: exit 1, the address and what to do", async () => {
    using me = person();
    await me.nanos("init", "--from", "toy");
    await me.nanos(
      "model",
      "add",
      "gone",
      "--adapter",
      "openai-compatible",
      "--url",
      "http://127.0.0.1:9/v1",
      "--model",
      "m",
    );
    await me.nanos("model", "use", "gone");
    const result = await me.nanos("run", "what is the weather");
    expect(result.code).toBe(1);
    expect(result.err).toContain("127.0.0.1:9");
  }, 60_000);
});

/** A small file system of its own, when this user may mount one. */
function smallDisk(
  options: string,
): { dir: string; remount(options: string): void; drop: () => void } | null {
  const dir = mkdtempSync(join(tmpdir(), "nanos-disk-"));
  const drop = (): void => {
    spawnSync("umount", [dir]);
    rmSync(dir, { recursive: true, force: true });
  };
  if (spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", dir]).status !== 0) {
    rmSync(dir, { recursive: true, force: true });
    console.log("not available: a small disk (run as root, who may mount a tmpfs)");
    return null;
  }
  return { dir, drop, remount: (how) => void spawnSync("mount", ["-o", `remount,${how}`, dir]) };
}

describe("a disk that cannot be written", () => {
  test("full: a clear error, nothing lost, and it goes on when there is room", async () => {
    const disk = smallDisk("size=24m");
    if (!disk) return;
    try {
      using me = person();
      const home = join(disk.dir, "home");
      const env = { NANOS_HOME: home };
      expect((await me.run(["init", "--from", "toy"], { env })).code).toBe(0);
      expect((await me.run(["run", "echo before"], { env })).code).toBe(0);
      const filler = join(disk.dir, "filler");
      spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=64k"]);
      for (let i = 0; i < 64; i++) {
        try {
          appendFileSync(filler, "x".repeat(1024));
        } catch {
          break;
        }
      }
      const full = await me.run(["run", "echo full"], { env });
      expect(full.code).not.toBe(0);
      expect(full.err).toMatch(/no room|full|disk/iu);
      rmSync(filler);
      expect((await me.run(["trace", "verify"], { env })).code).toBe(0);
      expect((await me.run(["run", "echo after"], { env })).code).toBe(0);
    } finally {
      disk.drop();
    }
  }, 120_000);

  test("read-only: the error names it; what needs no writing still works", async () => {
    const disk = smallDisk("size=24m");
    if (!disk) return;
    try {
      using me = person();
      const env = { NANOS_HOME: join(disk.dir, "home") };
      await me.run(["init", "--from", "toy"], { env });
      await me.run(["run", "echo before"], { env });
      disk.remount("ro");
      const result = await me.run(["run", "echo after"], { env });
      expect([1, 2]).toContain(result.code ?? -1);
      expect(result.err).toMatch(/cannot be written|read-only/iu);
    } finally {
      disk.drop();
    }
  }, 120_000);
});
