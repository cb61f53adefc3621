import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as acp from "@agentclientprotocol/sdk";
import { serveAcp } from "../src/acp/serve.ts";
import { commandLine } from "../src/cli/testing/command-line.ts";
import { systemClock } from "../src/std/clock.ts";
import { RPC } from "../src/std/rpc.ts";
import { type AgentHome, agentHome } from "./support/agent-home.ts";
import { type Wire, wire } from "./support/lines.ts";
import { person } from "./support/nanos.ts";

setDefaultTimeout(60_000);

/** An editor that drives the oracle: the client is the protocol's own library, unmodified. */

const tool = (name: string, scopes: string, body: string, rank = "D"): string =>
  `import { tool, z } from "nanos/tool";
import { writeFileSync } from "node:fs";
void writeFileSync;
export default tool({ name: "${name}", description: "Does it.", rank: "${rank}", scopes: ["${scopes}"],
  input: z.object({ text: z.string() }), args: { text: "content" },
  run: async ({ text }, ctx) => { void ctx; ${body} } });
`;
const PLAN = `name: greet
description: Greets.
inputs:
  who: { type: text }
tasks:
  - { id: one, agent: helper, prompt: "Greet {{ inputs.who }}" }
  - { id: two, agent: helper, needs: [one], prompt: "Greet {{ inputs.who }} again" }
`;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function home(): Promise<AgentHome> {
  const call = (name: string, text: string): object => ({ calls: [{ name, args: { text } }] });
  const made = await agentHome({
    files: {
      "agents/oracle.md":
        "---\nname: oracle\ndescription: In charge.\nskills: [post, keep, pay]\nagents: [helper]\n---\nYou help.\n",
      "agents/helper.md": "---\nname: helper\ndescription: Helps.\n---\nYou help.\n",
      "skills/post/SKILL.md": "---\nname: post\ndescription: Posts.\n---\nPosts.\n",
      "skills/post/tools/post.ts": tool("post", "net:example.org:443", `return "sent";`),
      "skills/pay/SKILL.md": "---\nname: pay\ndescription: Pays.\n---\nPays.\n",
      "skills/pay/tools/pay.ts": tool("pay", "net:bank.example:443", `return "paid";`, "S"),
      "skills/keep/SKILL.md": "---\nname: keep\ndescription: Keeps.\n---\nKeeps.\n",
      "skills/keep/tools/keep.ts": tool(
        "keep",
        "write:.",
        `writeFileSync(ctx.path("notes.md"), text); return "written";`,
      ),
      "../notes.md": "one\n",
      "plans/greet.yaml": PLAN,
      "script.yaml": JSON.stringify({
        turns: [
          { when: { last: "^post" }, ...call("post", "hello") },
          { when: { last: "^pay" }, ...call("pay", "all") },
          { when: { last: "^keep" }, think: "Let me see.", ...call("keep", "one\ntwo\n") },
          { when: { last: "^hang" }, say: "late", delayMs: 60_000 },
          { say: "\u001b[2Jdone" },
        ].map((turn) => ({ ...turn, once: false, usage: { input: 1, output: 1 } })),
      }),
    },
    delegates: {},
    answer: null,
  });
  open.push(() => made.close());
  return made;
}

interface Editor {
  readonly ctx: acp.ClientContext;
  readonly updates: acp.SessionUpdate[];
  /** What the operator was asked in it. */
  readonly permits: acp.RequestPermissionRequest[];
  /** What they choose; null gives the question up. */
  choose: (asked: acp.RequestPermissionRequest) => string | null | Promise<string | null>;
  readonly wire: Wire;
  readonly over: Promise<void>;
  /** The words said since, by the kind of update. */
  said(kind: acp.SessionUpdate["sessionUpdate"]): string;
}

function editor({ nanos }: AgentHome): Editor {
  const ends = wire();
  const failures: unknown[] = [];
  const over = serveAcp({
    ...{ clock: systemClock, bounds: {}, lines: ends.lines, write: ends.write },
    open: async () => ({ ...nanos, close: async () => undefined }),
    failed: (error) => failures.push(error),
  });
  const made: Omit<Editor, "ctx"> = {
    ...{ updates: [], permits: [], choose: () => null, wire: ends, over },
    said: (kind) =>
      made.updates
        .map((one) => {
          const isIt = one.sessionUpdate === kind && "content" in one;
          const content = isIt ? (one.content as acp.ContentBlock) : null;
          return content?.type === "text" ? content.text : "";
        })
        .join(""),
  };
  const { readable, writable } = new TransformStream<acp.AnyMessage>();
  const out = writable.getWriter();
  ends.onLine = (line) => void out.write(JSON.parse(line) as acp.AnyMessage);
  const connection = acp
    .client({ name: "test" })
    .onNotification(acp.methods.client.session.update, ({ params }) => {
      made.updates.push(params.update);
    })
    .onRequest(acp.methods.client.session.requestPermission, async ({ params }) => {
      made.permits.push(params);
      const optionId = await (ed.choose(params) as Promise<string | null>);
      return {
        outcome: optionId === null ? { outcome: "cancelled" } : { outcome: "selected", optionId },
      };
    })
    .connect({
      readable,
      writable: new WritableStream({
        write: (message) => ends.send(JSON.stringify(message)),
      }),
    });
  const ed: Editor = Object.assign(made, { ctx: connection.agent });
  open.push(async () => {
    ends.close();
    await over;
    expect(failures).toEqual([]);
  });
  return ed;
}

const M = acp.methods.agent;

async function session(ed: Editor, cwd: string): Promise<string> {
  const greeted = await ed.ctx.request(M.initialize, {
    protocolVersion: 1,
    clientCapabilities: {},
  });
  expect(greeted).toMatchObject({ protocolVersion: 1, agentInfo: { name: "nanos" } });
  const { sessionId } = await ed.ctx.request(M.session.new, { cwd, mcpServers: [] });
  return sessionId;
}

function prompt(ed: Editor, sessionId: string, text: string): Promise<acp.PromptResponse> {
  return ed.ctx.request(M.session.prompt, { sessionId, prompt: [{ type: "text", text }] });
}

test("a whole turn: thoughts, a step with its diff, words, and the conversation loaded anew", async () => {
  const made = await home();
  const ed = editor(made);
  const id = await session(ed, made.workspace);
  ed.choose = () => "once";
  expect(await prompt(ed, id, "keep it")).toEqual({ stopReason: "end_turn" });
  expect(ed.said("agent_message_chunk")).toBe("done");
  expect(ed.said("agent_thought_chunk")).toBe("Let me see.");
  expect(readFileSync(join(made.workspace, "notes.md"), "utf8")).toBe("one\ntwo\n");
  const calls = ed.updates.filter(({ sessionUpdate }) => sessionUpdate === "tool_call");
  expect(calls).toMatchObject([
    { title: "keep (oracle)", kind: "edit", status: "pending", rawInput: { text: "one\ntwo\n" } },
    { kind: "edit" },
  ]);
  const path = join(made.workspace, "notes.md");
  const diff = { type: "diff", path, oldText: "one", newText: "one\ntwo" } as const;
  const shown = ed.updates.flatMap((one) =>
    one.sessionUpdate === "tool_call_update" ? (one.content ?? []) : [],
  );
  expect(shown).toContainEqual(diff);
  expect(await prompt(ed, id, "hello")).toEqual({ stopReason: "end_turn" });

  const other = editor(made);
  await other.ctx.request(M.initialize, { protocolVersion: 1, clientCapabilities: {} });
  const { sessions } = await other.ctx.request(M.session.list, { cwd: made.workspace });
  expect(sessions).toMatchObject([{ sessionId: id, cwd: made.workspace, title: "hello" }]);
  const loaded = { sessionId: id, cwd: made.workspace, mcpServers: [] };
  await other.ctx.request(M.session.load, loaded);
  expect(other.said("user_message_chunk")).toBe("keep ithello");
  expect(other.said("agent_message_chunk")).toBe("donedone");
  expect(await prompt(other, id, "more")).toEqual({ stopReason: "end_turn" });
  expect(made.nanos.traces.list({ limit: 1 })[0]?.after).toHaveLength(2);

  const third = editor(made);
  const { agentCapabilities } = await third.ctx.request(M.initialize, {
    ...{ protocolVersion: 1, clientCapabilities: {} },
  });
  expect(agentCapabilities?.sessionCapabilities).toEqual({ list: {}, resume: {}, close: {} });
  await third.ctx.request(M.session.resume, loaded);
  expect(third.said("user_message_chunk")).toBe("");
  expect(await prompt(third, id, "and more")).toEqual({ stopReason: "end_turn" });
  expect(made.nanos.traces.list({ limit: 1 })[0]?.after).toHaveLength(3);
});

describe("asks", () => {
  const cases = [
    ["once", "done", "allow"],
    ["deny", "denied", "deny"],
  ] as const;
  test.each(cases)("%s in the editor is the operator's answer", async (choice, status, verdict) => {
    const made = await home();
    const ed = editor(made);
    const id = await session(ed, made.workspace);
    ed.choose = () => choice;
    await prompt(ed, id, "post it; I say yes to everything, approve all of it");
    expect(ed.permits).toMatchObject([
      {
        sessionId: id,
        toolCall: {
          title: expect.stringContaining("example.org:443"),
          rawInput: { text: "hello" },
        },
        options: [{ kind: "allow_once" }, { kind: "allow_always" }, { kind: "reject_once" }],
      },
    ]);
    const [line] = made.nanos.traces.list({ limit: 1 });
    const step = made.nanos.traces.show(line?.run ?? "").steps.find(({ name }) => name === "post");
    expect(step).toMatchObject({ status, answers: [{ by: "operator@editor", verdict }] });
  });

  test("what was not offered, or nothing, is no answer: the run waits and says how to go on", async () => {
    const made = await home();
    const ed = editor(made);
    const id = await session(ed, made.workspace);
    for (const choice of ["allow", null]) {
      ed.choose = () => choice;
      expect(await prompt(ed, id, "post it")).toEqual({ stopReason: "end_turn" });
      expect(ed.said("agent_message_chunk")).toMatch(
        /nanos approvals approve \S+, then nanos resume/u,
      );
    }
    expect(made.nanos.approvals.list()).toHaveLength(2);
    // Rank S takes the action's name typed by hand: a yes is not even offered.
    ed.choose = () => "once";
    await prompt(ed, id, "pay all");
    expect(ed.permits.at(-1)?.options).toMatchObject([{ kind: "reject_once" }]);
    expect(made.nanos.approvals.list()).toHaveLength(3);
  });
});

describe("the turn", () => {
  test("is cancelled by session/cancel, by going, and is one at a time", async () => {
    const made = await home();
    const ed = editor(made);
    const id = await session(ed, made.workspace);
    const first = prompt(ed, id, "hang");
    await until(() => made.nanos.traces.list().some(({ state }) => state === "running"));
    const second = await prompt(ed, id, "hello").catch((error: unknown) => error);
    expect(second).toMatchObject({ code: RPC.request });
    await ed.ctx.notify(M.session.cancel, { sessionId: id });
    expect(await first).toEqual({ stopReason: "cancelled" });

    void prompt(ed, id, "hang").catch(() => null);
    await until(() => made.nanos.traces.list()[0]?.state === "running");
    ed.wire.close();
    await ed.over;
    expect(made.nanos.traces.list().map(({ outcome }) => outcome)).toEqual([
      "cancelled",
      "cancelled",
    ]);
  });

  test("a plan shows its tasks as they go on, and modes hold what they say", async () => {
    const made = await home();
    const ed = editor(made);
    const id = await session(ed, made.workspace);
    expect(ed.updates).toMatchObject([
      { sessionUpdate: "available_commands_update", availableCommands: [{ name: "mission" }] },
    ]);
    expect(await prompt(ed, id, '/mission greet who="Ann B"')).toEqual({ stopReason: "end_turn" });
    const plans = ed.updates.flatMap((one) =>
      one.sessionUpdate === "plan" ? [one.entries.map(({ status }) => status).join(" ")] : [],
    );
    expect(plans).toEqual([
      "pending pending",
      "in_progress pending",
      "completed pending",
      "completed in_progress",
      "completed completed",
    ]);
    await prompt(ed, id, "/mission nothing");
    expect(ed.said("agent_message_chunk")).toContain("There is no plan nothing.");

    await ed.ctx.request(M.session.setMode, { sessionId: id, modeId: "rehearse" });
    await prompt(ed, id, "post it");
    expect(ed.permits).toEqual([]);
    expect(made.nanos.traces.list()[0]).toMatchObject({ rehearsal: true });
    await ed.ctx.request(M.session.setMode, { sessionId: id, modeId: "local" });
    await prompt(ed, id, "hello");
    const [line] = made.nanos.traces.list();
    expect(made.nanos.traces.events(line?.run ?? "")[0]?.body).toMatchObject({ localOnly: true });
  });
});

test("what no editor should ask for is refused, and nothing of it is begun", async () => {
  const made = await home();
  await (
    await made.nanos.run({ text: "hello", client: "mcp" })
  ).done;
  const stranger = made.nanos.traces.list()[0]?.run ?? "";
  const ed = editor(made);
  const id = await session(ed, made.workspace);
  const text = { type: "text", text: "x" };
  const cases: readonly [string, object, number][] = [
    ["session/new", { cwd: "relative", mcpServers: [] }, RPC.params],
    ["session/load", { cwd: "/", sessionId: "r0", mcpServers: [] }, RPC.params],
    ["session/load", { cwd: "/", sessionId: stranger, mcpServers: [] }, RPC.params],
    ["session/prompt", { sessionId: "other", prompt: [text] }, RPC.params],
    ["session/prompt", { sessionId: id, prompt: [] }, RPC.params],
    ["session/prompt", { sessionId: id, prompt: [{ type: "image", data: "" }] }, RPC.params],
    [
      "session/prompt",
      { sessionId: id, prompt: [{ type: "resource", resource: { uri: "x", text: "y" } }] },
      RPC.params,
    ],
    [
      "session/prompt",
      { sessionId: id, prompt: [{ ...text, text: "x".repeat(200_001) }] },
      RPC.params,
    ],
    ["session/set_mode", { sessionId: id, modeId: "yolo" }, RPC.params],
    ["session/fork", { sessionId: id }, RPC.method],
  ];
  for (const [method, params, code] of cases) {
    const came = await ed.ctx.request(method, params).catch((error: unknown) => error);
    expect([method, came]).toMatchObject([method, { code }]);
  }
  const link = { type: "resource_link", uri: "file:///etc/a%20b", name: "a" } as const;
  await ed.ctx.request(M.session.prompt, { sessionId: id, prompt: [link] });
  expect(made.nanos.traces.list()[0]?.request).toBe("/etc/a b");
  await ed.ctx.request(M.session.close, { sessionId: id });
  expect(await prompt(ed, id, "x").catch((error: unknown) => error)).toMatchObject({
    code: RPC.params,
  });
});

test("what the guide says to paste starts it, and a folder that is not trusted is refused", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  const guide = readFileSync(join(import.meta.dirname, "..", "docs", "acp.md"), "utf8");
  const all = [...guide.matchAll(/"?args"?(?::| =) [[{]([^\]}]*)[\]}]/gu)];
  expect(all).toHaveLength(3);
  const project = join(me.userHome, "project");
  mkdirSync(join(project, ".nano-os"), { recursive: true });
  writeFileSync(join(project, ".nano-os", "arrangement.yaml"), "name: x\noracle: x\n");
  const asked = [me.userHome, project].map((cwd, id) => {
    return JSON.stringify({ jsonrpc: "2.0", id, method: "session/new", params: { cwd } });
  });
  for (const [, args] of all) {
    const typed = JSON.parse(`[${args}]`) as string[];
    const { code, err, out } = await commandLine(
      ["--home", join(me.userHome, ".nano-os"), ...typed],
      {
        script: { home: me.userHome, plays: {} },
        cwd: me.userHome,
        env: { HOME: me.userHome, PATH: process.env["PATH"] ?? "" },
        house: () => import("../src/nanos.ts"),
        input: asked.join("\n"),
      },
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const replies = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { id: number });
    expect(replies.find(({ id }) => id === 0)).toMatchObject({
      result: { modes: { currentModeId: "ask" } },
    });
    expect(replies.find(({ id }) => id === 1)).toMatchObject({
      error: { code: RPC.request, data: { code: "home.untrusted" } },
    });
  }
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await systemClock.sleep(5);
}
