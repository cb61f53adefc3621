import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Live } from "../src/contracts/nanos.ts";
import { LIMITS } from "../src/std/limits.ts";
import { type AgentHome, agentHome, program } from "./support/agent-home.ts";

setDefaultTimeout(120_000);

const homes: AgentHome[] = [];
afterEach(async () => {
  for (const one of homes.splice(0)) await one.close();
});
async function opened(wants: Parameters<typeof agentHome>[0]): Promise<AgentHome> {
  const home = await agentHome(wants);
  homes.push(home);
  return home;
}

const oracle = (agents: string): string =>
  `---\nname: oracle\ndescription: Answers.\nagents: [${agents}]\n---\nYou answer.\n`;

describe("a program as an agent", () => {
  const files = {
    "agents/oracle.md": oracle("shout"),
    "agents/shout.md": `---
name: shout
description: Says it louder.
kind: process
command: [SHOUT]
scopes: [read:PROGRAMS, write:.]
---
Loud, please.
`,
    "../before.txt": "old",
  };
  const SHOUT = program(`
    const text = await read();
    fs.writeFileSync("heard.txt", text);
    console.log(text.toUpperCase());
  `);

  test("gets the request, its own run and stage, and its files are the evidence", async () => {
    const home = await opened({
      files,
      programs: { SHOUT },
      delegates: { agent: "shout", request: "hey" },
    });
    const { end, trace } = await home.run("go");
    expect(end).toMatchObject({ outcome: "succeeded" });
    const child = trace.steps.find(({ kind }) => kind === "agent");
    expect(child?.child).toMatchObject({ agent: "shout", model: "none" });
    expect(child?.child?.steps.map(({ kind, name }) => [kind, name])).toEqual([
      ["tool", "shout"],
      ["commit", "shout"],
    ]);
    expect(child?.child?.steps[0]?.isolation).toMatch(/bwrap|landlock/u);
    expect(child?.child?.steps[0]?.held?.limits).toMatchObject({
      memoryBytes: LIMITS.agentMemoryBytes,
      processes: LIMITS.agentProcesses,
      cpuSeconds: LIMITS.agentCpuSeconds,
    });
    expect(child?.child?.steps[0]?.held?.limits.ms).toBeGreaterThan(LIMITS.toolMs);
    expect(child?.outcome).toMatchObject({
      output: {
        answer: "LOUD, PLEASE.\n\nHEY",
        evidence: { files: [{ path: join(home.workspace, "heard.txt") }] },
      },
    });
    expect(readFileSync(join(home.workspace, "heard.txt"), "utf8")).toBe("Loud, please.\n\nhey");
    expect(home.nanos.traces.verify()).toMatchObject({ ok: true });
    expect(await home.nanos.traces.replay(trace.run)).toMatchObject({ ok: true, differs: null });
  });

  const one = (
    front: string,
    source: string,
    more: Partial<Parameters<typeof agentHome>[0]> = {},
  ) =>
    opened({
      files: {
        "agents/oracle.md": oracle("helper"),
        "agents/helper.md": `---\nname: helper\ndescription: Helps.\nkind: process\n${front}\n---\n`,
      },
      programs: { HELP: program(source) },
      delegates: { agent: "helper", request: "go on" },
      ...more,
    });
  const came = async (home: AgentHome, request: Parameters<AgentHome["run"]>[1] = {}) => {
    const { trace } = await home.run("go", request);
    expect(await home.nanos.traces.replay(trace.run)).toMatchObject({ ok: true, differs: null });
    return trace.steps.find(({ kind }) => kind === "agent") ?? trace.steps[0];
  };

  test("costs what its manifest says where it does not say itself, and unknown is not free", async () => {
    const front = "command: [HELP]\nscopes: [read:PROGRAMS]";
    const costOf = async (more: string, cost?: number): Promise<unknown> => {
      const home = await one(`${front}${more}`, "console.log(1)");
      const step = await came(home, cost === undefined ? {} : { budget: { cost } });
      const outcome = step?.outcome;
      return outcome?.status === "done" ? step?.child?.end?.usage.cost : step?.decision?.reason;
    };
    expect(await costOf("")).toBeNull();
    expect(await costOf("\nprice: free", 0)).toBe(0);
    expect(await costOf("\nprice: 0.25", 1)).toBe(0.25);
    expect(await costOf("\nprice: 2", 1)).toBe("deny:budget_cost");
  });

  test("after one of unknown price a limit on cost lets no other begin, after a priced one it does", async () => {
    const after = async (more: string): Promise<readonly unknown[]> => {
      const front = `command: [HELP]\nscopes: [read:PROGRAMS]${more}`;
      const home = await one(front, "console.log(1)", { times: 2 });
      const { trace } = await home.run("go", { budget: { cost: 1 } });
      return trace.steps
        .filter(({ kind }) => kind === "agent" || kind === "model")
        .map(({ kind, decision }) => {
          const { verdict, reason } = decision ?? {};
          return `${kind} ${verdict === "allow" ? verdict : reason}`;
        });
    };
    expect(await after("")).toEqual(["model allow", "agent allow", "model deny:unknown_price"]);
    expect(await after("\nprice: 0.25")).toEqual([
      ...["model allow", "agent allow", "model allow", "agent allow", "model allow"],
    ]);
  });

  test("gets the request as an argument where its command has a place for it", async () => {
    const front = `command: [HELP, "{request}"]\nscopes: [read:PROGRAMS]`;
    const home = await one(front, `console.log(process.argv.at(-1) + "!", (await read()).length);`);
    expect(await came(home)).toMatchObject({ outcome: { output: { answer: "go on! 0" } } });
  });

  test("that fails, floods or is refused is a failed delegation, and nothing of it is written", async () => {
    const front = "command: [HELP]\nscopes: [read:PROGRAMS, write:.]";
    const writes = `fs.writeFileSync("left.txt", "x");`;
    for (const [source, answer, code] of [
      [`${writes} console.error("no"); process.exit(3);`, "allow", "tool.program_failed"],
      [`${writes} for (;;) console.log("x".repeat(1e6));`, "allow", "tool.flooded"],
      [writes, "deny", "run.denied"],
    ] as const) {
      const home = await one(front, source, { answer: () => answer });
      expect(await came(home)).toMatchObject({ outcome: { status: "failed", failure: { code } } });
      expect(existsSync(join(home.workspace, "left.txt"))).toBe(false);
    }
  });

  test("sees no more than its scopes, and within what the run may reach at all", async () => {
    const source = `
      const tried = ["OUTSIDE", "mine.txt"].map((path) => {
        try { return fs.readFileSync(path, "utf8"); } catch { return "refused"; }
      });
      console.log(tried.join(" "), process.env["HOME"] ?? "homeless");`;
    const home = await one("command: [HELP]\nscopes: [read:PROGRAMS, read:.]", source, {
      programs: { HELP: program(source.replace("OUTSIDE", "/etc/passwd")) },
    });
    writeFileSync(join(home.workspace, "mine.txt"), "mine");
    expect(await came(home)).toMatchObject({
      outcome: { output: { answer: "refused mine homeless" } },
    });
    const within = ["agent:helper", "read:/nowhere"];
    expect(await came(home, { within })).toMatchObject({ outcome: { status: "failed" } });
  });

  test("is stopped with its run, and leaves nothing", async () => {
    const front = "command: [HELP]\nscopes: [read:PROGRAMS, write:.]";
    const source = `fs.writeFileSync("left.txt", "x"); console.log("up"); await new Promise((r) => setTimeout(r, 60_000));`;
    const home = await one(front, source);
    const stop = new AbortController();
    const on = (live: Live): void => {
      if (
        live.type === "event" &&
        live.recorded.body?.kind === "action.judged" &&
        live.recorded.event.run.includes("_")
      ) {
        if (live.recorded.body.decision.verdict === "allow") setTimeout(() => stop.abort(), 500);
      }
    };
    const { end } = await home.run("go", { signal: stop.signal, on });
    expect(end).toMatchObject({ outcome: "cancelled" });
    expect(existsSync(join(home.workspace, "left.txt"))).toBe(false);
  });

  test("is no tool of anybody else, and takes no skill's name", async () => {
    const taking = `---\nname: oracle\ndescription: Answers.\nskills: [helper]\ntools: [helper]\n---\nYou answer.\n`;
    const home = await one("command: [HELP]", "console.log(1)", {
      files: {
        "agents/oracle.md": taking,
        "agents/helper.md":
          "---\nname: helper\ndescription: H.\nkind: process\ncommand: [HELP]\n---\n",
        "agents/notes.md":
          "---\nname: notes\ndescription: N.\nkind: process\ncommand: [HELP]\n---\n",
        "skills/notes/SKILL.md": "---\nname: notes\ndescription: Notes.\n---\nText.\n",
      },
    });
    expect(await home.nanos.can("oracle", "helper", { request: "x" })).toMatchObject({
      decision: { verdict: "deny", reason: "deny:not_granted" },
    });
    const failures = (await home.nanos.tools.list()).flatMap(({ failure }) => failure?.code ?? []);
    expect(failures).toEqual(["tool.duplicate"]);
  });

  test("answers by schema with the steps and files of its run as evidence", async () => {
    const front = "command: [HELP]\nscopes: [read:PROGRAMS]\noutput: {type: object, required: [n]}";
    const home = await one(
      front,
      `console.log((await read()).includes('"required":["n"]') ? '{"n": 1}' : "{}");`,
    );
    const step = await came(home);
    const evidence = { steps: [`${step?.child?.run}.1`], files: [] };
    expect(step).toMatchObject({ outcome: { output: { answer: { n: 1 }, evidence } } });
    const bad = await one(front, `console.log("words");`);
    expect(await came(bad)).toMatchObject({ outcome: { failure: { code: "delegate.unfit" } } });
  });

  test("is granted like a skill, bound to its file", async () => {
    const home = await one("command: [HELP]\nscopes: [read:PROGRAMS]", `console.log("hi");`);
    const [line] = await home.nanos.tools.list();
    const exec = line?.scopes.find((scope) => scope.startsWith("exec:"));
    await home.nanos.grants.add("helper", { exec: [exec?.slice(5) ?? ""] });
    expect(await home.nanos.skills.show("helper")).toMatchObject({
      kind: "agent",
      state: "granted",
    });
    expect(await came(home)).toMatchObject({ outcome: { output: { answer: "hi" } } });
    expect(home.asks).toEqual([]);
  });
});

describe("a server's tool as an agent", () => {
  const SERVER = `
const tools = [{ name: "ask", description: "Answers.", inputSchema: { type: "object" } }];
let rest = "";
process.stdin.on("data", (chunk) => {
  rest += chunk;
  for (let at = rest.indexOf("\\n"); at >= 0; at = rest.indexOf("\\n")) {
    const { id, method, params } = JSON.parse(rest.slice(0, at));
    rest = rest.slice(at + 1);
    if (id === undefined) continue;
    const result = method === "initialize"
      ? { protocolVersion: params.protocolVersion, capabilities: {}, serverInfo: { name: "s", version: "1" } }
      : method === "tools/list" ? { tools }
      : method === "tools/call" ? { content: [{ type: "text", text: "heard " + JSON.stringify(params.arguments) }] }
      : undefined;
    const reply = result ? { result } : { error: { code: -32601, message: "no" } };
    console.log(JSON.stringify({ jsonrpc: "2.0", id, ...reply }));
  }
});
`;
  const agent = (tool: string): string => `---
name: helper
description: Helps.
kind: mcp
tool: ${tool}
args: {question: "{request}", style: {of: [short]}}
---
`;
  test("is called with the request in its place, past the gate, in a run of its own", async () => {
    const home = await opened({
      files: { "agents/oracle.md": oracle("helper"), "agents/helper.md": agent("mcp__s__ask") },
      programs: { SERVE: SERVER },
      mcp: { s: "SERVE" },
      delegates: { agent: "helper", request: "why?" },
    });
    const { trace } = await home.run("go");
    const step = trace.steps.find(({ kind }) => kind === "agent");
    expect(step?.outcome).toMatchObject({
      output: { answer: 'heard {"question":"why?","style":{"of":["short"]}}' },
    });
    expect(step?.child?.steps.map(({ name }) => name)).toEqual(["mcp__s__ask"]);
    expect(home.asks.map(({ name }) => name)).toEqual(["mcp__s__ask"]);
    expect(await home.nanos.traces.replay(trace.run)).toMatchObject({ ok: true, differs: null });
  });

  test("that is not there ends its run, and says so", async () => {
    const home = await opened({
      files: { "agents/oracle.md": oracle("helper"), "agents/helper.md": agent("mcp__s__gone") },
      delegates: { agent: "helper", request: "why?" },
    });
    const { trace } = await home.run("go");
    const step = trace.steps.find(({ kind }) => kind === "agent");
    expect(step?.outcome).toMatchObject({ failure: { code: "tool.unknown" } });
  });
});
