import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { NanosError } from "../std/error.ts";
import { type Came, commandLine, type Setting } from "./testing/command-line.ts";
import type { Script } from "./testing/scripted-nanos.ts";
import { TRUST } from "./testing/samples.ts";

const SCRIPT: Script = {
  home: tmpdir(),
  plays: {
    tidy: [
      { call: { name: "notes_append", args: { file: "notes/2026-11-21.md" } }, ms: 80 },
      { say: ["Tidied ", "today."] },
      { end: { files: [{ path: "/w/notes/2026-11-21.md", kind: "modified" }] } },
    ],
    ask: [
      {
        call: {
          name: "web_fetch",
          agent: "research",
          args: { url: "http://127.0.0.1:4321/" },
          destinations: ["net:127.0.0.1:4321"],
        },
        ask: true,
      },
      { say: ["Fetched."] },
    ],
    fail: [
      {
        end: {
          outcome: "failed",
          failure: {
            code: "model.unreachable",
            message: "The model cannot be reached.",
            next: "Start it.",
          },
        },
      },
    ],
    denied: [
      { end: { outcome: "failed", failure: { code: "run.denied", message: "The gate said no." } } },
    ],
    degraded: [{ end: { outcome: "degraded", text: "half" } }],
    evil: [{ say: ["a\x1b]52;c;aGk=\x07b\x1b[2Jc\u202ed"] }],
    'tool calculate {"a":1}': [
      {
        call: { name: "calculate", agent: "operator" },
        outcome: { status: "done", output: { result: 42 } },
      },
    ],
    "*": [{ say: ["?"] }],
  },
};

function run(line: string | readonly string[], setting: Partial<Setting> = {}): Promise<Came> {
  const argv = typeof line === "string" ? line.split(" ").filter(Boolean) : line;
  return commandLine(argv, { script: SCRIPT, ...setting });
}

/** A command's code and whole standard output; standard error holds the words given. */
async function check(
  line: string | readonly string[],
  code: number,
  out: string,
  err: readonly string[] = [],
  setting: Partial<Setting> = {},
): Promise<Came> {
  const came = await run(line, setting);
  expect({ line, code: came.code, out: came.out }).toEqual({ line, code, out });
  for (const word of err) expect(came.err).toContain(word);
  return came;
}

test("run: the answer on standard output, the summary on standard error, a code per outcome", async () => {
  const summary =
    "notes/2026-11-21.md modified · 1 tool call · 0.2 s · nanos trace show r000000000000001\n";
  const came = await check("run tidy", 0, "Tidied today.\n", [summary]);
  expect(came.err).toBe(summary);
  expect(came.log).toEqual(["open", "run oracle: tidy", "close"]);
  await check("run fail", 1, "", ["failed: The model cannot be reached ·", "Start it."]);
  await check("run denied", 4, "", ["failed: The gate said no ·"]);
  await check("run degraded", 5, "half\n", ["degraded ·"]);
  await check("run evil", 0, "abcd\n");
});

test("run: an ask nobody can answer is told on one line, with how to answer", async () => {
  const came = await check("run ask", 3, "");
  expect(came.err).toBe(
    'waits: research wants web_fetch {"url":"http://127.0.0.1:4321/"} → 127.0.0.1:4321: it would ' +
      "send something to a destination nobody endorsed. nanos approvals approve a7f3 then nanos " +
      "resume r000000000000001\n",
  );
  // Set-up is all that --yes answers.
  await check("run ask --yes", 3, "");
});

test("run --json: a line per event, the last one says how it ended", async () => {
  const lines = (await run("run tidy --json")).out.trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ kind }) => kind)).toEqual([
    "run.started",
    "action.proposed",
    "action.judged",
    "action.settled",
    "run.ended",
  ]);
  for (const event of events)
    expect(Object.keys(event).slice(0, 6)).toEqual(["seq", "run", "step", "at", "actor", "kind"]);
  const last = events.at(-1);
  expect(last).toMatchObject({
    run: "r000000000000001",
    outcome: "succeeded",
    text: "Tidied today.",
    asks: 0,
    hosts: [],
    hash: "hash5",
  });
  expect(last).toHaveProperty("usage.calls", 1);
  const waits = await run("run ask --json");
  expect(waits.code).toBe(3);
  expect(JSON.parse(waits.out.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
    kind: "run.waiting",
  });
  expect(waits.err).toBe("");
});

test("run --json: nothing in a line can drive a terminal", async () => {
  const { out } = await run("run evil --json");
  // oxlint-disable-next-line no-control-regex -- what must not be there
  expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/u);
  expect(out).toContain("\\u202e");
  const last = JSON.parse(out.trimEnd().split("\n").at(-1) ?? "") as { text: string };
  expect(last.text).toBe("a\x1b]52;c;aGk=\x07b\x1b[2Jc\u202ed");
});

test("run: bad requests are usage errors", async () => {
  await check("run", 2, "", ["the request is empty", "usage.text"]);
  await check("run -", 2, "", ["the request is empty"], { input: " \n" });
  await check("run -", 0, "Tidied today.\n", [], { input: "tidy\n" });
  await check("trace fork r1", 2, "", ["at which step", "usage.at"]);
  await check("run --max-cost free x", 2, "", ["--max-cost takes dollars", "usage.number"]);
  await check("run --max-calls 0 x", 2, "", ["--max-calls takes a whole number"]);
  await check("run --max-calls 2.5 x", 2, "", ["whole number"]);
});

const UNTRUSTED: Script = { ...SCRIPT, found: { kind: "untrusted", trust: TRUST } };

test("an untrusted project is not used: not with --yes, and with a person only after a clear yes", async () => {
  await check("run tidy", 2, "", ["never trusted", "nanos trust /w/.nano-os"], {
    script: UNTRUSTED,
  });
  await check("run tidy --yes", 2, "", ["home.untrusted"], { script: UNTRUSTED });
  const changed = { kind: "untrusted", trust: { ...TRUST, changed: true } } as const;
  await check("run tidy", 2, "", ["changed since"], { script: { ...UNTRUSTED, found: changed } });
  const no = await run("run tidy", { script: UNTRUSTED, tty: { answers: [""] } });
  expect([no.code, no.log]).toEqual([2, []]);
  const yes = await run("run tidy", { script: UNTRUSTED, tty: { answers: ["y"] } });
  expect([yes.code, yes.log[0]]).toEqual([0, `trust ${TRUST.hash}`]);
  expect(yes.err).toContain("tools/run.ts");
});

test("trust shows what it is about and binds the yes to its hash", async () => {
  const alone = await run("trust");
  expect([alone.code, alone.log]).toEqual([2, []]);
  expect(alone.out).toContain("+ tools/run.ts  tool that runs");
  expect(alone.err).toContain("trust.unanswered");
  const yes = await run("trust . --yes");
  expect([yes.code, yes.log]).toEqual([0, [`trust ${TRUST.hash}`]]);
  const no = await run("trust", { tty: { answers: ["n"] } });
  expect([no.code, no.log]).toEqual([4, []]);
});

test("an ask at a terminal: only its keys answer, and never Enter", async () => {
  const keys = async (...typed: readonly string[]): Promise<Came> =>
    run("run --no-color ask", { tty: { keys: typed } });
  const yes = await keys("\r", " ", "Y", "yes", "constructor", "\x1b[A", "?", "y");
  expect(yes.code).toBe(0);
  expect(yes.err.split("? research wants web_fetch").length).toBe(3);
  expect(yes.err).toContain('  │ {"url":"http://127.0.0.1:4321/"}\n');
  expect(yes.err).toContain("research: web_fetch allowed\n");
  expect((await keys("a")).err).toContain("allowed, for this run");
  expect((await keys("n")).err).toContain("denied");
  expect((await keys("l")).code).toBe(3);
  expect((await keys()).code).toBe(3);
});

test("tool call: the result on standard output, one document with --json", async () => {
  await check(["tool", "call", "calculate", '{"a":1}'], 0, '{\n  "result": 42\n}\n', [
    "1 tool call",
  ]);
  await check(["tool", "call", "calculate", "-"], 0, '{\n  "result": 42\n}\n', [], {
    input: '{"a":1}',
  });
  const json = await run(["tool", "call", "calculate", '{"a":1}', "--json"]);
  expect(JSON.parse(json.out)).toMatchObject({ outcome: "succeeded", output: { result: 42 } });
  await check(["tool", "call", "calculate", "{a:1}"], 2, "", ["not JSON", "usage.json"]);
});

test("every list and show has one JSON document on standard output", async () => {
  const lines = [
    "agent list",
    "agent show oracle",
    "tool list",
    "tool show web_fetch",
    "model list --found",
    "skill list",
    "skill show web",
    "skills",
    "skill check web",
    "skill rm web",
    "skill attach web research --yes",
    "skill detach web research",
    "skill install ./x --anyway --yes",
    "grant list",
    "grant add web --net a:1",
    "grant revoke web",
    "approvals list",
    "trace list",
    "trace verify",
    "trace replay r1",
    "trace export r1 f",
    "context",
    "context r1",
    "doctor",
    "health",
    "show",
    "cancel r1",
    "model add m --adapter ollama",
    "model use m",
    "model rm m",
    "secret list",
    "secret rm spare",
    "secrets",
    "init /x --from toy",
    "agents",
    "tools",
    "models",
    "trust --yes",
    "witness",
    "trace prove r1.2",
    "trace export r1 d --bundle",
    "trace verifier",
  ];
  for (const line of lines) {
    const { code, out } = await run(`${line} --json`);
    expect({ line, code }).toEqual({ line, code: 0 });
    expect(() => JSON.parse(out) as unknown).not.toThrow();
  }
});

test("every list and show reads well without --json", async () => {
  const alone = "   no checkpoint yet: the chains alone hold these events\n";
  await check("trace verify", 0, `ok 12 events in 2 chains verify\n${alone}`);
  await check("trace replay r1", 0, "same 12 events, 3 steps: no model, no tool, no network\n");
  await check("trace export r1 f", 0, "wrote 12 events to /w/f\n");
  const bundled = "wrote 12 events with their proofs to /w/d\n  + checkpoint\n  + entries.jsonl\n";
  expect((await run("trace export r1 d --bundle")).out).toStartWith(bundled);
  await check("trace export r1 d --redacted", 2, "", ["Add --bundle"]);
  await check("trace export r1 f --contents", 2, "", ["Add --otlp"]);
  await check("trace export r1 f --otlp", 0, "wrote 4 spans to /w/f\n");
  await check("trace export r1 http://h/v1 --otlp", 0, "sent 4 spans to http://h/v1\n");
  await check("trace list", 0, 'No runs yet. nanos run "TEXT" makes one.\n');
  await check("trace show", 2, "", ["no runs yet"]);
  await check("approvals", 0, "Nothing waits for you.\n");
  await check("grant", 0, "No grants. nanos grant add SKILL gives one.\n");
  await check("grant revoke nope", 2, "", ["nope has no grant here"]);
  await check(
    "doctor",
    0,
    "✓ sandbox        landlock\n! bwrap          not installed\n                 apt install bubblewrap\n",
  );
  await check(
    "doctor --sandbox",
    0,
    "✓ sandbox        55 of 55 escapes blocked\n! bwrap          not installed\n                 apt install bubblewrap\n",
  );
  await check(
    "tools",
    0,
    "tool          skill  reach          about\nnotes_append  notes  write:./notes  append a dated section\nweb_fetch     web    net:*          fetch a page\n",
  );
  await check(
    "context",
    0,
    "what              tokens  share\nprompt of oracle  500     50%\ntools of notes    300     30%\n\nabout 800 of 1000 tokens, 80%  rules\n",
  );
  await check("agent show nope", 2, "", ["There is no agent nope."]);
});

test("model add and grant add check what they are given", async () => {
  await check("model add m", 2, "", ["Which adapter?", "openai-compatible"]);
  await check("model add m --adapter olama", 2, "", ["no adapter olama", "Did you mean ollama?"]);
  await check("model add m --adapter ollama --context x", 2, "", ["--context takes"]);
  for (const price of ["1", "1/", "1/2/3", "1/-2", "1/2/3/x"]) {
    await check(`model add m --adapter ollama --price ${price}`, 2, "", ["--price takes"]);
  }
  await check("model add m --adapter ollama --thinking hard", 2, "", ["--thinking takes"]);
  const line =
    "model add m --adapter openai --url http://h --model i --key-env K --key-secret S --scrub --context 9 --thinking high --price 1/2/0.1/1.5";
  expect((await run(line)).log[1]).toBe(
    'add m {"adapter":"openai","url":"http://h","model":"i","keyEnv":"K","keySecret":"S","scrub":"on","context":9,"thinking":"high","price":{"input":1,"output":2,"cacheRead":0.1,"cacheWrite":1.5}}',
  );
  await check("grant add web --until tomorrow", 2, "", ["not a date"]);
  await check("grant add web --until 2001-01-01", 2, "", ["is over already"]);
  expect((await run("grant add web --net a:1 --net b:2 --until 2999-01-01")).log[1]).toBe(
    "grant web a:1,b:2 until",
  );
  await check("trace list --limit 0", 2, "", ["--limit takes"]);
  await check("init", 2, "", ["Which starter?"]);
  await check("completion tcsh", 2, "", ["no completion for tcsh", "bash|zsh|fish"]);
});

test("a secret comes from standard input or a hidden prompt, never from the command line", async () => {
  const hosts = "--hosts a.org,b.org --hosts c.org";
  const piped = await check(
    `secret set TOKEN ${hosts} --keep keyring`,
    0,
    "stored TOKEN for a.org, b.org, c.org\nsealed by a key in the keyring of this machine\n",
    [],
    { input: "a-value\n" },
  );
  expect(piped.log).toContain("secret TOKEN a-value\n a.org,b.org,c.org keyring");
  const typed = await run("secret set TOKEN --no-color", { tty: { answers: ["typed-value"] } });
  expect(typed.code).toBe(0);
  expect(typed.err).toBe("Value of TOKEN (not shown): ");
  expect(typed.out).toContain("not encrypted");
  expect(typed.out).not.toContain("typed-value");
  expect(typed.log).toContain("secret TOKEN typed-value  file");
  const none = await run("secret set TOKEN", { tty: { answers: [""] } });
  expect([none.code, none.err.includes("secret.no_value")]).toEqual([2, true]);
  await check("secret set TOKEN a-value", 2, "", []);
  await check("secret set TOKEN --keep pocket", 2, "", ["usage.keep"]);
  await check("secret rm spare", 0, "removed spare\n");
  const list = await run("secret list");
  expect(list.out).toContain("GITHUB_TOKEN  keyring");
  expect(list.out).toContain("spare         keyring  never             no host");
});

test("a login shows where to go, and says what it was kept as", async () => {
  const link = ["Open this on this machine", "https://auth.example/tracker"];
  const kept = "Kept as mcp.tracker.token. nanos tool list shows what it offers.\n";
  const said = `logged in to tracker, by https://auth.example\n${kept}`;
  await check("mcp login tracker", 0, said, link);
  const line = await run("mcp login tracker --scope read --json");
  expect(JSON.parse(line.out)).toMatchObject({ server: "tracker", scope: "read" });
  await check("mcp login", 2, "", ["NAME"]);
});

test("a failing house is said, closed, and gives the right code", async () => {
  const fails = { run: new NanosError("journal.full", "The disk is full.", "Make room.") };
  const came = await check("run x", 1, "", ["The disk is full.", "Make room."], {
    script: { ...SCRIPT, fails },
  });
  expect(came.log).toEqual(["open", "close"]);
});

test("old names answer", async () => {
  await check(["chat", "--prompt", "tidy", "--tools", "--model", "m"], 0, "Tidied today.\n");
  await check(
    "health",
    0,
    "✓ sandbox        landlock\n! bwrap          not installed\n                 apt install bubblewrap\n",
  );
  await check("chat --tools", 0, "Tidied today.\n?\n", [], { input: "tidy\nmore\nexit\nafter\n" });
});

test("a session without a terminal answers each line and ends with its input", async () => {
  const came = await run("", { input: "tidy\n\n/agents\n@research tidy\n/nope\n/today now" });
  expect(came.out).toContain("Tidied today.\nagent     model    skills  about\noracle ");
  expect(came.err).toContain("There is no command /nope.");
  expect(came.log.filter((line) => line.startsWith("run"))).toEqual([
    "run oracle: tidy",
    "run research: tidy",
    "run oracle: /today now",
  ]);
  expect((await run("", { input: "" })).code).toBe(0);
  expect((await run("", { input: "ask" })).code).toBe(3);
});

test("a code is told of from the page of all of them, and a reason from the list of reasons", async () => {
  await check("why run.denied", 0, "run.denied\n\nIt was not let.\nSee why.\n");
  const { out } = await run("why run.denied --json");
  expect(JSON.parse(out)).toEqual({
    ...{ code: "run.denied", says: "It was not let.", next: "See why." },
  });
  expect((await run("why deny:budget_tokens")).out).toContain("used its tokens");
  const wrong = await run("why run.denyd");
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain("Did you mean run.denied? (usage.code)");
});
