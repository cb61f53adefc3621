import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { PatchView } from "../src/contracts/outcome.ts";
import type { ScriptInput } from "../src/contracts/script.ts";
import { openNanos } from "../src/nanos.ts";
import { LIMITS } from "../src/std/limits.ts";
import { lastLine, type Person, person, type Result } from "./support/nanos.ts";

setDefaultTimeout(240_000);

/** The starter coder on a small real repository: what it ends with, and what it leaves behind. */

const FILES: Readonly<Record<string, string>> = {
  "sum.sh": "#!/bin/sh\necho $(($1 - $2))\n",
  "test.sh":
    'got=$(sh sum.sh 2 3)\n[ "$got" = 5 ] || { echo "wanted 5, got $got"; exit 1; }\necho ok\n',
  "package.json": '{ "name": "sums" }\n',
};

interface Project extends Person {
  readonly repo: string;
  readonly trees: string;
  at(...args: readonly string[]): Promise<Result>;
}

/** A person with a repository, something uncommitted in it, and the coder on these answers. */
async function project(turns: ScriptInput["turns"]): Promise<Project> {
  const me = person();
  const repo = join(me.userHome, "sums");
  const trees = join(me.userHome, "tmp");
  for (const [path, text] of Object.entries(FILES)) write(join(repo, path), text);
  fs.mkdirSync(trees);
  git(repo, "init", "--quiet", "--initial-branch=main", ".");
  git(repo, "add", "--all");
  git(repo, "commit", "--quiet", "--message=first");
  write(join(repo, "mine.txt"), "not committed\n");
  const at = (...args: readonly string[]): Promise<Result> =>
    me.run(args, { cwd: repo, env: { TMPDIR: trees } });
  const made = { ...me, repo, trees, at, [Symbol.dispose]: () => me[Symbol.dispose]() };
  expect((await at("init", ".", "--from", "coder")).code).toBe(0);
  write(join(me.userHome, "answers.yaml"), JSON.stringify({ turns }));
  await at(
    "model",
    "add",
    "answers",
    "--adapter",
    "script",
    "--file",
    join(me.userHome, "answers.yaml"),
  );
  expect((await at("model", "use", "answers")).code).toBe(0);
  return made;
}

function write(file: string, text: string): void {
  fs.mkdirSync(dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

function git(repo: string, ...args: readonly string[]): string {
  const who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
  return execFileSync("git", ["-C", repo, ...who, ...args], { encoding: "utf8" });
}

/** Everything in the repository, its own folder included, by path. */
function snapshot({ repo }: Project): Record<string, string> {
  const entries = fs.readdirSync(repo, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      join(parentPath, name).slice(repo.length + 1),
      fs.readFileSync(join(parentPath, name), "latin1"),
    ]),
  );
}

async function patch(me: Project, run: unknown): Promise<PatchView> {
  return JSON.parse((await me.at("patch", String(run), "--json")).out) as PatchView;
}

const FIX = [
  { calls: [{ name: "run_command", args: { command: "sh test.sh" } }] },
  {
    calls: [
      { name: "edit_file", args: { path: "sum.sh", old: "$1 - $2", new: "$1 + $2" } },
      {
        name: "write_file",
        args: { path: "package.json", text: '{ "name": "sums", "private": true }\n' },
      },
      { name: "write_file", args: { path: ".github/workflows/test.yml", text: "on: push\n" } },
    ],
  },
  { calls: [{ name: "run_command", args: { command: "sh test.sh" } }, { name: "git_diff" }] },
  { say: "sum.sh adds now, and its test passes." },
];

describe("a task", () => {
  test("ends in a patch that applies, asks nothing, and touches nothing of the person's", async () => {
    using me = await project(FIX);
    const before = snapshot(me);
    const ran = await me.at("run", "Make the sum right", "--json");
    const end = lastLine(ran) as { run: string; outcome: string; asks: number; files: unknown[] };
    expect([ran.code, end.outcome, end.asks, end.files]).toEqual([0, "succeeded", 0, []]);
    expect(snapshot(me)).toEqual(before);
    expect(fs.readdirSync(me.trees)).toEqual([]);

    const view = await patch(me, end.run);
    expect(view).toMatchObject({
      outcome: "succeeded",
      summary: "sum.sh adds now, and its test passes.",
      model: "answers",
      turns: 4,
      commit: git(me.repo, "rev-parse", "HEAD").trim(),
    });
    expect(view.files.map(({ path }) => path)).toEqual([
      ".github/workflows/test.yml",
      "package.json",
      "sum.sh",
    ]);
    expect(view.calls.map(({ name }) => name)).toEqual([
      ...["run_command", "edit_file", "write_file", "write_file", "run_command", "git_diff"],
    ]);
    expect(view.calls[0]?.says).toContain("wanted 5, got -1\n(exit code 1)");
    expect(view.calls[4]?.says).toContain("ok\n(exit code 0)");
    const text = (await me.at("patch", end.run)).out;
    expect(text).toBe(view.patch);
    const { out: mail } = await me.at("patch", end.run, "--mail");
    expect(mail).toBe(view.mail);
    expect(mail).toMatch(/^From [0-9a-f]{40} Mon Sep 17 00:00:00 2001\nFrom: coder </u);
    execFileSync("git", ["-C", me.repo, "apply", "--check"], { input: text });
    execFileSync("git", ["-C", me.repo, "apply"], { input: text });
    expect(execFileSync("sh", ["test.sh"], { cwd: me.repo, encoding: "utf8" })).toBe("ok\n");
    expect((await me.at("trace", "replay", end.run)).code).toBe(0);
    expect((await me.at("trace", "verify")).code).toBe(0);
  });

  test("that is delegated ends in a patch of the delegated run, named by the one who asked", async () => {
    using me = await project([
      {
        agent: "lead",
        calls: [{ name: "delegate", args: { agent: "coder", request: "Make the sum right" } }],
      },
      { agent: "lead", say: "Handed over." },
      ...FIX.map((turn) => ({ agent: "coder", ...turn })),
    ]);
    const lead =
      "---\nname: lead\ndescription: Hands work over.\nagents: [coder]\n---\nHand it over.\n";
    write(join(me.repo, ".nano-os", "agents", "lead.md"), lead);
    expect((await me.at("trust", ".", "--yes")).code).toBe(0);
    const before = snapshot(me);
    const ran = await me.at("run", "--agent", "lead", "Make the sum right", "--json");
    const end = lastLine(ran) as { run: string; patches: { run: string; files: unknown[] }[] };
    expect([ran.code, end.patches.length, end.patches[0]?.files.length]).toEqual([0, 1, 3]);
    const view = await patch(me, end.run);
    expect([view.run, view.agent]).toEqual([end.patches[0]?.run ?? "", "coder"]);
    execFileSync("git", ["-C", me.repo, "apply", "--check"], { input: view.patch });
    expect(snapshot(me)).toEqual(before);
    expect(fs.readdirSync(me.trees)).toEqual([]);
    expect((await me.at("trace", "replay", end.run)).code).toBe(0);
  });

  test("that fails ends in diagnostics, with what it had done by then", async () => {
    using me = await project([
      { calls: [{ name: "write_file", args: { path: "half.sh", text: "echo half\n" } }] },
      { calls: [{ name: "run_command", args: { command: "sh nothing.sh" } }] },
      { say: "I was about to", fail: "model.unreachable" },
    ]);
    const ran = await me.at("run", "Do it all", "--json");
    expect(ran.code).toBe(1);
    const { run } = lastLine(ran);
    const view = await patch(me, run);
    expect(view).toMatchObject({
      outcome: "failed",
      summary: "I was about to",
      turns: 3,
      failure: { code: "model.unreachable" },
      files: [{ path: "half.sh", kind: "created" }],
    });
    expect(view.calls.at(-1)).toMatchObject({
      name: "run_command",
      args: { command: "sh nothing.sh" },
      says: expect.stringContaining("nothing.sh") as string,
    });
    const shown = await me.at("patch", String(run));
    for (const words of [
      "failed, 3 turns, 2 tool calls",
      "the last call said:",
      "half.sh  created",
    ]) {
      expect(shown.err).toContain(words);
    }
    execFileSync("git", ["-C", me.repo, "apply", "--check"], { input: shown.out });
    expect(fs.readdirSync(me.trees)).toEqual([]);
  });

  test("out of turns or stopped keeps what it had done, too", async () => {
    using me = await project([
      { calls: [{ name: "write_file", args: { path: "half.sh", text: "echo half\n" } }] },
      { calls: [{ name: "run_command", args: { command: "sleep 50" } }] },
    ]);
    const spent = lastLine(await me.at("run", "Do it all", "--json", "--max-calls", "5"));
    expect((await patch(me, spent["run"])).files).toEqual([{ path: "half.sh", kind: "created" }]);
    const going = me.begin(["run", "Do it all", "--json"], {
      cwd: me.repo,
      env: { TMPDIR: me.trees },
    });
    await going.until('"name":"run_command"');
    going.kill("SIGINT");
    expect((await going.ended).code).toBe(130);
    const [line] = JSON.parse((await me.at("trace", "list", "--json")).out) as { run: string }[];
    expect(await patch(me, line?.run)).toMatchObject({
      outcome: "cancelled",
      files: [{ path: "half.sh", kind: "created" }],
    });
    expect(fs.readdirSync(me.trees)).toEqual([]);
  });

  test("cannot leave the copy, publish, or reach what is not committed", async () => {
    using me = await project([
      {
        calls: [
          { name: "read_file", args: { path: "mine.txt" } },
          { name: "read_file", args: { path: "../sums/mine.txt" } },
          { name: "write_file", args: { path: "/etc/motd", text: "x" } },
          {
            name: "run_command",
            args: { command: `cat ${"../".repeat(9)}etc/passwd; echo x > ../out` },
          },
          { name: "run_command", args: { command: "npm publish" } },
          { name: "run_command", args: { command: "git push --force" } },
          { name: "github_pr_status", args: { owner: "a", repo: "b", number: "1" } },
        ],
      },
      { say: "Nothing worked." },
    ]);
    const before = snapshot(me);
    const { run } = lastLine(await me.at("run", "Get out", "--json"));
    const view = await patch(me, run);
    expect(view.patch).toBe("");
    const came = view.calls.map(({ status }) => String(status)).join(" ");
    expect(came).toBe("failed failed failed done denied denied denied");
    expect(view.calls[3]?.says).not.toContain("root:");
    expect(view.calls[1]?.says).toContain("leads out of the workspace");
    expect(snapshot(me)).toEqual(before);
    expect((await me.at("patch", String(run))).code).toBe(1);
  });
});

describe("what is left behind", () => {
  const killed = (me: Project, count: number): number | null => {
    const script = join(import.meta.dirname, "support", "killed-run.ts");
    const env = { HOME: me.userHome, PATH: process.env["PATH"] ?? "", TMPDIR: me.trees };
    return spawnSync(process.execPath, [script, "Make the sum right", String(count)], {
      cwd: me.repo,
      env,
    }).status;
  };
  const newest = async (me: Project): Promise<string> => {
    const [line] = JSON.parse((await me.at("trace", "list", "--json")).out) as { run: string }[];
    return line?.run ?? "";
  };

  test("killed at any moment it is swept at the next start, and nothing of the person's is touched", async () => {
    using me = await project(FIX);
    const before = snapshot(me);
    let left = 0;
    for (const count of [1, 4, 5, 9, 14, 20, 27, 34, 41]) {
      if (killed(me, count) === 0) break;
      left += fs.readdirSync(me.trees).length;
      await me.at("trace", "list");
      expect(fs.readdirSync(me.trees)).toEqual([]);
      expect(snapshot(me)).toEqual(before);
    }
    expect(left).toBeGreaterThan(2);
    // What was swept away cannot be gone on with, and that is said.
    killed(me, 20);
    const gone = await me.at("resume", await newest(me));
    expect([gone.code, gone.err.includes("The copy this run worked in is gone")]).toEqual([
      1,
      true,
    ]);
    expect(fs.readdirSync(me.trees)).toEqual([]);
    expect((await me.at("trace", "verify")).code).toBe(0);
  });

  test("resumed at once it goes on in its copy and ends in the same patch", async () => {
    using me = await project(FIX);
    const run = lastLine(await me.at("run", "Make the sum right", "--json"))["run"];
    const whole = (await patch(me, run)).patch;
    for (const count of [9, 20, 27]) {
      using nanos = await opened(me);
      killed(me, count);
      const [line] = nanos.traces.list({ limit: 1 });
      const resumed = await me.at("resume", line?.run ?? "");
      expect([resumed.code, (await patch(me, line?.run)).patch]).toEqual([0, whole]);
    }
  });

  test(`${LIMITS.trees} at once, each in a copy of its own`, async () => {
    using me = await project([
      {
        when: { last: "number (?<n>\\d+)" },
        once: true,
        calls: [{ name: "write_file", args: { path: "n.txt", text: "{n}\n" } }],
      },
      { say: "Done." },
    ]);
    const all = Array.from({ length: LIMITS.trees }, (_, i) =>
      me.at("run", `number ${i}`, "--json"),
    );
    const runs = (await Promise.all(all)).map(lastLine);
    expect(runs.map(({ outcome, failure = null }) => [outcome, failure])).toEqual(
      runs.map(() => ["succeeded", null]),
    );
    const patches = await Promise.all(runs.map(({ run }) => patch(me, run)));
    expect(patches.map(({ patch: text }) => /^\+(\d+)$/mu.exec(text)?.[1])).toEqual(
      runs.map((_, i) => String(i)),
    );
    expect(fs.readdirSync(me.trees)).toEqual([]);
  });
});

/** The home from outside, with nothing swept until it is closed. */
async function opened(me: Project): Promise<Awaited<ReturnType<typeof openNanos>> & Disposable> {
  const nanos = await openNanos({ home: join(me.userHome, ".nano-os"), cwd: me.repo, env: {} });
  return { ...nanos, [Symbol.dispose]: () => void nanos.close() };
}
