import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Came, commandLine } from "../src/cli/testing/command-line.ts";
import { command, type Person, person } from "./support/nanos.ts";

/** What flags do that no story tells of; test/flags.test.ts knows which those are. */

let me: Person;
beforeAll(async () => {
  me = person();
  await nanos("init", "--from", "toy");
});
afterAll(() => me[Symbol.dispose]());

/** The command line in this process, over the person's real home. */
function nanos(...args: readonly string[]): Promise<Came> {
  return commandLine(["--home", join(me.userHome, ".nano-os"), ...args], {
    script: { home: me.userHome, plays: {} },
    cwd: me.userHome,
    env: { HOME: me.userHome, PATH: process.env["PATH"] ?? "" },
    house: () => import("../src/nanos.ts"),
  });
}

async function json(...args: readonly string[]): Promise<unknown> {
  const { code, out, err } = await nanos(...args, "--json");
  expect({ args, code, err: code === 0 ? "" : err }).toEqual({ args, code: 0, err: "" });
  return JSON.parse(out);
}

/** A command that is refused, by its code. */
async function refused(code: string, ...args: readonly string[]): Promise<void> {
  const came = await nanos(...args);
  expect({ args, said: came.err.includes(`(${code})`) || came.err }).toEqual({ args, said: true });
  expect(came.code).not.toBe(0);
}

async function newRun(text: string): Promise<string> {
  const came = await nanos("run", text, "--json");
  return (JSON.parse(came.out.trim().split("\n").at(-1) ?? "") as { run: string }).run;
}

test("an agent, a model and a key are what their flags say", async () => {
  const skill = join(me.userHome, ".nano-os", "skills", "sums");
  mkdirSync(skill, { recursive: true });
  writeFileSync(join(skill, "SKILL.md"), "---\nname: sums\ndescription: Adds.\n---\nAdd it up.\n");
  await nanos("agent", "new", "adder", "--skill", "sums", "--model", "rules", "--yes");
  expect(await json("agent", "show", "adder")).toMatchObject({
    manifest: { skills: ["sums"], model: "rules" },
  });

  const url = ["--adapter", "ollama", "--url", "http://127.0.0.1:9", "--model", "m"];
  await nanos("model", "add", "vectors", ...url, "--embeddings");
  await nanos("model", "add", "words", ...url);
  const text = readFileSync(join(me.userHome, ".nano-os/machine/config.yaml"), "utf8");
  expect(text.match(/embeddings: true/gu)).toHaveLength(1);

  await nanos("key", "new", "--agent", "oracle", "--total-tokens", "900", "--day-calls", "7");
  expect(JSON.stringify(await json("key", "list"))).toMatch(
    /"tokens":900.*"calls":7|"calls":7.*"tokens":900/u,
  );
});

test("a skill of several is chosen, and what it may start is said with it", async () => {
  for (const name of ["one", "two"]) {
    const dir = join(me.userHome, "several", name);
    mkdirSync(dir, { recursive: true });
    writeFileSync(
      join(dir, "SKILL.md"),
      `---\nname: ${name}\ndescription: It is ${name}.\n---\nDo it.\n`,
    );
  }
  await refused("install.which", "skill", "install", "several", "--yes");
  expect((await nanos("skill", "install", "several", "--path", "two", "--yes")).code).toBe(0);
  const came = await nanos("skill", "attach", "two", "oracle", "--exec", "cat", "--yes");
  expect(came.code).toBe(0);
  expect(JSON.stringify(await json("grant", "list"))).toContain("exec:cat");
});

test("a run is forked under another model and more rules, and sent with a key", async () => {
  const run = await newRun("calculate 2 + 2");
  await refused("model.unknown", "trace", "fork", run, "--at", "1", "--model", "none");
  writeFileSync(
    join(me.userHome, "more.yaml"),
    JSON.stringify({
      rules: [
        {
          ...{ id: "no-sums", when: { kind: "tool", name: "calculate" }, then: "deny" },
          ...{ example: { name: "calculate" }, counter: { name: "echo" } },
        },
      ],
    }),
  );
  const forked = await nanos("trace", "fork", run, "--at", "1", "--rules", "more.yaml");
  expect(forked.out).not.toBe("4\n");
  const sent: (string | null)[] = [];
  using collector = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ headers }) => {
      sent.push(headers.get("authorization"));
      return new Response("{}");
    },
  });
  await refused(
    "secret.missing",
    ...["trace", "export", run, collector.url.href, "--otlp", "--secret", "NONE"],
  );
  expect(sent).toEqual([]);
});

test("what was noted is corrected by that word alone, and checked by its name", async () => {
  const { id } = (await json("cognition", "predict", "it rains", "--chance", "90")) as {
    id: string;
  };
  await refused("usage.missing", "cognition", "revise", id);
  await json("cognition", "settle", id, "yes");
  await refused("thought.settled", "cognition", "settle", id, "no");
  await json("cognition", "settle", id, "no", "--correct");
  await refused(
    "thought.no_mission",
    ...["cognition", "predict", "it holds", "--chance", "60", "--check", "a.words"],
  );
});

test("lists are narrowed, rehearsals change nothing, and names are there for a shell", async () => {
  expect(await json("vault", "list", "--type", "report")).toEqual([]);
  await refused("artifact.unknown", "vault", "archive", "r000000000000000.1", "--why", "old");
  await refused("artifact.unknown", "vault", "archive", "r000000000000000.1");
  const run = await newRun("echo hello");
  expect(await json("undo", run, "--dry-run")).toMatchObject({ of: run, files: [] });
  const when = ["--cron", "0 9 * * *", "--agent", "oracle", "--max-cost", "0.5"];
  await nanos("schedule", "add", "daily", ...when, "echo hi");
  expect(await json("schedule", "list")).toMatchObject([{ budget: { cost: 0.5 } }]);
  expect((await nanos("completion", "--names", "agents")).out.split("\n")).toContain("oracle");
  const at = ["engine", "restate", "--url", "http://127.0.0.1:1"];
  await refused("usage.url", ...at, "--address", "nowhere");
  await refused("witness.unknown", "witness", "ask", "to.txt", "--witness", "nobody");
  await refused("mission.unknown", "mission", "approve", "r000000000000000", "--confirm", "x");
  await refused("model.unknown", "mission", "new", "--by", "oracle", "do it", "--model", "none");
});

/** What is sent, perhaps made of what came before. */
type Message = object | ((text: string) => object);

/** What a server on pipes answers to the last of what it is sent, one after the other. */
async function answered(args: readonly string[], sent: readonly Message[]): Promise<string> {
  const child = Bun.spawn([...command(), ...args], {
    ...{ cwd: me.userHome, stdin: "pipe", stdout: "pipe", stderr: "ignore" },
    env: { HOME: me.userHome, PATH: process.env["PATH"] ?? "" },
  });
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (const [id, one] of sent.entries()) {
      await child.stdin.write(
        `${JSON.stringify({ jsonrpc: "2.0", id, ...(typeof one === "function" ? one(text) : one) })}\n`,
      );
      await child.stdin.flush();
      while (!new RegExp(`^\\{"jsonrpc":"2.0","id":${id},.*\\n`, "mu").test(text)) {
        const { value, done } = await lines.read();
        if (done) return text;
        text += value;
      }
    }
    return text;
  } finally {
    child.kill();
    await child.exited;
  }
}

const HELLO = { name: "t", version: "1" };
const OVER_MCP = [
  {
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: HELLO },
  },
  { method: "tools/call", params: { name: "ask", arguments: { request: "calculate 2 + 2" } } },
];

for (const [flags, says] of [
  [["--model", "none"], "model.unknown"],
  [["--only", "everything"], "run.bad_scope"],
  [
    ["--agent", "oracle", "--max-calls", "1", "--max-cost", "1", "--local-only"],
    "has used its calls",
  ],
] as const) {
  test(`over MCP an agent is held by ${flags.join(" ")}`, async () => {
    expect(await answered(["mcp", "serve", ...flags], OVER_MCP)).toContain(says);
  });
}

for (const [flags, says] of [
  [["--agent", "nobody"], "no agent nobody"],
  [["--model", "none"], "no model none"],
  [["--only", "everything"], "is no scope"],
  [["--max-calls", "1", "--max-cost", "1", "--local-only"], "has used its calls"],
] as const) {
  test(`in an editor an agent is held by ${flags.join(" ")}`, async () => {
    const asked = (text: string): object => {
      const [, sessionId] = /"sessionId":"(\w+)"/u.exec(text) ?? [];
      const prompt = [{ type: "text", text: "calculate 2 + 2" }];
      return { method: "session/prompt", params: { sessionId, prompt } };
    };
    const begun = [
      { method: "initialize", params: { protocolVersion: 1, clientCapabilities: {} } },
      { method: "session/new", params: { cwd: me.userHome, mcpServers: [] } },
    ];
    expect(await answered(["acp", ...flags], [...begun, asked])).toContain(says);
  });
}

test("programs may ask for a key of their own where that is said, and nowhere else", async () => {
  await nanos("key", "new", "--agent", "oracle");
  for (const [flags, status] of [
    [["--oauth"], 200],
    [[], 401],
  ] as const) {
    const server = me.begin(["serve", "--port", "0", ...flags]);
    await server.until("listening on ");
    const at = /listening on (\S+)/u.exec(server.text())?.[1] ?? "";
    const path = "/.well-known/oauth-authorization-server";
    expect((await fetch(`${at}${path}`)).status).toBe(status);
    server.kill("SIGTERM");
    await server.ended;
  }
});
