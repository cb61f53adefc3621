import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { type McpOptions, serveMcp } from "../src/mcp/serve.ts";
import { systemClock } from "../src/std/clock.ts";
import type { JsonObject } from "../src/std/json.ts";
import { type AgentHome, agentHome } from "./support/agent-home.ts";
import { clientOn, wire } from "./support/lines.ts";
import { command as commandOf, person } from "./support/nanos.ts";

setDefaultTimeout(120_000);

/** Tasks on code for an MCP client: a run in a copy of a repository, known from the journal alone. */

const WRITE = `import { tool, z } from "nanos/tool";
import { writeFileSync } from "node:fs";
export default tool({ name: "write", description: "Writes.", scopes: ["write:."],
  input: z.object({ text: z.string() }), args: { text: "content" },
  run: async ({ text }, ctx) => { writeFileSync(ctx.path("a.txt"), text); return "written"; } });
`;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

function git(repo: string, ...args: readonly string[]): string {
  const who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
  return execFileSync("git", ["-C", repo, ...who, ...args], { encoding: "utf8" });
}

function repository(dir: string): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "a.txt"), "one\n");
  git(dir, "init", "--quiet", "--initial-branch=main", ".");
  git(dir, "add", "a.txt");
  git(dir, "commit", "--quiet", "--message=first");
  git(dir, "checkout", "--quiet", "-b", "other");
  writeFileSync(join(dir, "a.txt"), "other\n");
  git(dir, "commit", "--quiet", "--all", "--message=second");
  git(dir, "checkout", "--quiet", "main");
}

async function served(
  bounds: McpOptions["bounds"] = {},
  tool = WRITE,
): Promise<{ home: AgentHome; client: Client }> {
  const home = await agentHome({
    files: {
      "agents/oracle.md": "---\nname: oracle\ndescription: In charge.\n---\nYou help.\n",
      "agents/coder.md":
        "---\nname: coder\ndescription: Codes.\nskills: [write]\nisolation: worktree\n---\nYou code.\n",
      "skills/write/SKILL.md": "---\nname: write\ndescription: Writes.\n---\nWrites.\n",
      "skills/write/tools/write.ts": tool,
      "script.yaml": JSON.stringify({
        turns: [
          { when: { last: "^change" }, calls: [{ name: "write", args: { text: "two\n" } }] },
          { when: { last: "^break" }, fail: "model.forbidden" },
          { when: { last: "^hang" }, say: "late", delayMs: 60_000 },
          { say: "Changed it." },
        ].map((turn) => ({ ...turn, once: false, usage: { input: 1, output: 1 } })),
      }),
    },
    ...{ delegates: {}, answer: null, home: "work/kept" },
  });
  open.push(() => home.close());
  repository(home.workspace);
  repository(join(home.workspace, "inner"));
  const ends = wire();
  const over = serveMcp(home.nanos, {
    ...{ clock: systemClock, bounds, lines: ends.lines, write: ends.write },
    failed: (error) => expect(error).toBe(null),
  });
  open.push(async () => {
    ends.close();
    await over;
  });
  const client = await clientOn(ends, "legacy");
  return { home, client };
}

/** Tools that answered. */
const answered = new Set<string>();

async function call(client: Client, name: string, args: JsonObject = {}): Promise<JsonObject> {
  const came = await client.callTool({ name, arguments: args });
  if (came.isError !== true) answered.add(name);
  return { failed: came.isError === true, ...(came.structuredContent as JsonObject) };
}

/** Assigns a task and polls it, saying yes to what it asks, until it has ended. */
async function ended(
  { home, client }: { home: AgentHome; client: Client },
  args: JsonObject,
): Promise<string> {
  const assigned = await call(client, "assign_task", args);
  expect(assigned).toMatchObject({ status: "running" });
  const task = String(assigned["task_id"]);
  for (;;) {
    const { status } = await call(client, "poll_task", { task_id: task });
    if (status !== "running" && status !== "waiting") return task;
    for (const { id } of home.nanos.approvals.list()) {
      await home.nanos.approvals.answer(id, { verdict: "allow", reach: "run" });
    }
    await systemClock.sleep(20);
  }
}

test("a task ends in a patch that applies, of the branch and the repository that were named", async () => {
  const made = await served();
  const { client, home } = made;
  const { tools } = await client.listTools();
  const cases = [
    [{}, home.workspace, "main", "-one"],
    [{ branch: "other", repo_path: "inner" }, join(home.workspace, "inner"), "other", "-other"],
  ] as const;
  for (const [where, repo, branch, line] of cases) {
    const task = await ended(made, { description: "change it", ...where });
    const came = await call(client, "get_result", { task_id: task });
    expect(came).toMatchObject({
      ...{ failed: false, status: "succeeded", summary: "Changed it.", model: "recorded" },
      files_modified: [{ path: "a.txt", kind: "modified" }],
      tool_calls: [{ name: "write", status: "done" }],
      iterations: 2,
    });
    expect(String(came["diff"])).toContain(`\n${line}\n+two\n`);
    // The operator's own files are as they were.
    expect(readFileSync(join(repo, "a.txt"), "utf8")).toBe("one\n");
    git(repo, "checkout", "--quiet", branch);
    execFileSync("git", ["-C", repo, "apply", "-"], { input: String(came["diff"]) });
    expect(readFileSync(join(repo, "a.txt"), "utf8")).toBe("two\n");
    git(repo, "checkout", "--quiet", "--force", "main");
  }
  expect((await call(client, "list_tasks"))["tasks"]).toMatchObject([
    { status: "succeeded", description: "change it" },
    { status: "succeeded" },
  ]);
  await call(client, "onboard_repo");
  const { task_id: late = "" } = await call(client, "assign_task", { description: "hang" });
  await call(client, "cancel_task", { task_id: late });
  // The client holds each of these answers against the schema its tool was listed with.
  const ours = tools.filter(({ name }) => /_tasks?$|_result$|_repo$/u.test(name));
  expect(
    ours.map(({ name, outputSchema }) => [name, outputSchema?.type, answered.has(name)]),
  ).toEqual(TASK_TOOLS.map((name) => [name, "object", true]));
});

const TASK_TOOLS: readonly string[] = [
  ...["assign_task", "poll_task", "get_result", "list_tasks", "cancel_task", "onboard_repo"],
];

test("a repository's commands are told from its files, of those the agent may read", async () => {
  const { client, home } = await served();
  const folder = join(home.workspace, "inner");
  writeFileSync(join(folder, "Makefile"), "test:\n\ttrue\nbuild:\n\tgit push\n");
  symlinkSync("/etc/passwd", join(folder, "Cargo.toml"));
  expect(await call(client, "onboard_repo", { repo_path: "inner" })).toEqual({
    failed: false,
    folder,
    found: [
      {
        ...{ kind: "make", file: "Makefile" },
        commands: [{ use: "test", argv: ["make", "test"] }],
        refused: [{ use: "build", word: "push" }],
      },
    ],
  });
  expect(await call(client, "onboard_repo", { repo_path: ".." })).toMatchObject({
    error: { code: "tree.outside" },
  });
});

test("an unfinished one has no result, a failed one diagnostics, and neither leads out", async () => {
  const made = await served();
  const { client, home } = made;
  const { task_id: task = "" } = await call(client, "assign_task", { description: "hang" });
  // Begun is begun, whether or not anything of it is on disk yet.
  expect(await call(client, "get_result", { task_id: task })).toMatchObject({
    ...{ failed: true, error: { code: "task.unfinished" } },
  });
  while (home.nanos.traces.line(String(task))?.state !== "running") await systemClock.sleep(5);
  expect(await call(client, "get_result", { task_id: task })).toMatchObject({
    error: { code: "task.unfinished" },
  });
  expect(await call(client, "cancel_task", { task_id: task })).toMatchObject({ cancelled: true });

  const broken = await ended(made, { description: "break", max_iterations: 3 });
  expect(await call(client, "get_result", { task_id: broken })).toMatchObject({
    ...{ failed: true, status: "failed", diff: "" },
    diagnostics: { code: expect.any(String), message: expect.any(String), last_tool_call: null },
  });

  symlinkSync("/", join(home.workspace, "link"));
  for (const dir of [".ssh", "inner/.nano-os/x"]) {
    mkdirSync(join(home.workspace, dir), { recursive: true });
  }
  symlinkSync(".ssh", join(home.workspace, "shorter"));
  const refused = [
    [{ repo_path: "/etc" }, "tree.outside"],
    [{ repo_path: "../.." }, "tree.outside"],
    [{ repo_path: "link" }, "tree.outside"],
    [{ repo_path: "missing" }, "tree.outside"],
    [{ repo_path: "inner\0" }, "tree.outside"],
    // What a copy of the whole workspace leaves out is not had by its name.
    [{ repo_path: ".git" }, "tree.outside"],
    [{ repo_path: ".ssh" }, "tree.outside"],
    [{ repo_path: "shorter" }, "tree.outside"],
    [{ repo_path: "inner/.nano-os/x" }, "tree.outside"],
    [{ repo_path: "kept/machine" }, "tree.outside"],
    [{ branch: "--upload-pack=x" }, "tree.branch"],
    [{ max_iterations: 0 }, "client.arguments"],
  ] as const;
  for (const [args, code] of refused) {
    const came = await call(client, "assign_task", { description: "change it", ...args });
    expect([args, came["error"]]).toMatchObject([args, { code }]);
  }
  const own = await call(client, "ask", { request: "hello", agent: "oracle" });
  expect(await call(client, "get_result", { task_id: own["run"] ?? "" })).toMatchObject({
    error: { code: "client.unknown_run" },
  });
  const wrong = home.nanos.run({ text: "x", tree: { branch: "main" } });
  expect(await wrong.catch((error: unknown) => error)).toMatchObject({ code: "tree.no_copy" });
});

test("a client names no folder its agent reaches nothing of, and loosens no bound", async () => {
  const bounds = { model: "recorded", budget: { turns: 1 } };
  const made = await served(bounds, WRITE.replace("write:.", "write:inner"));
  const { client, home } = made;
  repository(join(home.workspace, "else"));
  const refused = [
    [{ repo_path: "else" }, "tree.outside"],
    [{ model: "another" }, "client.arguments"],
  ] as const;
  for (const [args, code] of refused) {
    const came = await call(client, "assign_task", { description: "change it", ...args });
    expect([args, came["error"]]).toMatchObject([args, { code }]);
  }
  const task = await ended(made, { description: "x", repo_path: "inner", max_iterations: 9 });
  const [started] = home.nanos.traces.events(task);
  expect(started?.body).toMatchObject({ model: { name: "recorded" }, budget: { turns: 1 } });
});

test("killed in the middle, it is there for the next process, which goes on with it", async () => {
  using me = person();
  const repo = join(me.userHome, "repo");
  const answers = join(me.userHome, "answers.yaml");
  repository(repo);
  writeFileSync(answers, JSON.stringify({ turns: [{ say: "late", delayMs: 60_000 }] }));
  const at = (...args: readonly string[]) => me.run(args, { cwd: repo });
  await at("init", ".", "--from", "coder");
  await at("model", "add", "answers", "--adapter", "script", "--file", answers);
  expect((await at("model", "use", "answers")).code).toBe(0);
  const connect = async (): Promise<{ client: Client; pid: number }> => {
    const [command = "", ...args] = commandOf();
    const env = { HOME: me.userHome, PATH: process.env["PATH"] ?? "" };
    const transport = new StdioClientTransport({
      ...{ command, args: [...args, "mcp"], env, cwd: repo },
      stderr: "ignore",
    });
    const client = new Client({ name: "test", version: "1" });
    await client.connect(transport);
    return { client, pid: transport.pid ?? 0 };
  };
  const first = await connect();
  const { task_id: task = "" } = await call(first.client, "assign_task", { description: "go" });
  for (let steps = 0; steps < 2;) {
    const polled = await call(first.client, "poll_task", { task_id: task });
    steps = Number(polled["steps"] ?? 0);
    await systemClock.sleep(20);
  }
  process.kill(first.pid, "SIGKILL");
  await first.client.close();

  writeFileSync(answers, JSON.stringify({ turns: [{ say: "done" }] }));
  const { client } = await connect();
  expect((await call(client, "list_tasks"))["tasks"]).toMatchObject([{ task_id: task }]);
  for (let status: unknown = null; status !== "succeeded";) {
    ({ status } = await call(client, "poll_task", { task_id: task }));
    expect(["running", "interrupted", "succeeded"]).toContain(String(status));
    await systemClock.sleep(20);
  }
  expect(await call(client, "get_result", { task_id: task })).toMatchObject({ summary: "done" });
  await client.close();
});
