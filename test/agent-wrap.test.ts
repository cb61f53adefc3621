import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { AgentOffer } from "../src/contracts/agent.ts";
import { findHome, homesOf } from "../src/home/places.ts";
import { openNanos } from "../src/nanos.ts";
import { tryHold } from "../src/sandbox/process/hold.ts";
import { type Person, person, type Result } from "./support/nanos.ts";

setDefaultTimeout(120_000);

/** Says what it was started with and what it was asked; leaves a mark where it may not. */
const FAKE = `#!/bin/sh
echo "asked $* $(cat)"
echo started > "$STARTED_MARK" 2>/dev/null
echo kept > "$HOME/kept"
exit 0
`;

const people: Person[] = [];
afterEach(() => {
  for (const one of people.splice(0)) one[Symbol.dispose]();
});

interface Machine {
  readonly me: Person;
  readonly bin: string;
  run(...args: string[]): Promise<Result>;
}

/** A machine with programs of these names on a PATH of its own. */
async function machine(...names: string[]): Promise<Machine> {
  const me = person();
  people.push(me);
  const bin = join(me.userHome, "bin");
  mkdirSync(bin);
  for (const name of names) {
    writeFileSync(join(bin, name), FAKE);
    chmodSync(join(bin, name), 0o755);
  }
  await me.nanos("init", "--from", "indie-developer");
  const env = {
    PATH: `${bin}:/usr/bin:/bin`,
    HOME: me.userHome,
    STARTED_MARK: join(me.userHome, "STARTED"),
  };
  return { me, bin, run: (...args) => me.run(args, { env }) };
}

const manifest = ({ me }: Machine, name: string): string =>
  readFileSync(join(me.userHome, ".nano-os/agents", `${name}.md`), "utf8");
const jsonOf = ({ out }: Result): unknown => JSON.parse(out);

describe("nanos agent wrap", () => {
  test.each([
    ["claude", "process", '["claude", "-p", "--permission-mode", "acceptEdits"]'],
    [
      "codex",
      "process",
      '["codex", "exec", "--skip-git-repo-check", "--ephemeral", "--sandbox", "danger-full-access", "-"]',
    ],
    ["gemini", "acp", '["gemini", "--acp"]'],
    ["goose", "acp", '["goose", "acp"]'],
    ["opencode", "process", '["opencode", "run"]'],
    ["nanocoder", "acp", '["nanocoder", "--acp"]'],
  ])("%s is started as its makers say, and not by this", async (name, kind, command) => {
    const here = await machine(name);
    const done = await here.run("agent", "wrap", name, "--yes");
    expect(done).toMatchObject({ code: 0 });
    const text = manifest(here, name);
    expect(text).toContain(`kind: ${kind}\ncommand: ${command}\n`);
    expect(text).toContain('"read:.", "write:."');
    expect(done.err).toContain(`run the program ${name}`);
    expect(existsSync(join(here.me.userHome, "STARTED"))).toBe(false);
    const shown = await here.run("agent", "show", "oracle", "--json");
    expect(jsonOf(shown)).toMatchObject({ manifest: { agents: ["research", "coding", name] } });
  });

  test("any other program is one that reads the request; its arguments and reach are the operator's", async () => {
    const here = await machine("My.Helper");
    const args = [
      "--name",
      "helper",
      "--scope",
      "net:api.example:443",
      "--",
      "My.Helper",
      "--quiet",
    ];
    expect(await here.run("agent", "wrap", "--yes", ...args)).toMatchObject({ code: 0 });
    expect(manifest(here, "helper")).toContain(
      'command: ["My.Helper", "--quiet"]\nhome: own\nscopes: ["net:api.example:443"]',
    );
    const acp = ["--acp", "--name", "speaker", "My.Helper"];
    expect(await here.run("agent", "wrap", "--yes", ...acp)).toMatchObject({ code: 0 });
    expect(manifest(here, "speaker")).toContain("kind: acp");
  });

  test("says what it would reach before the yes, and without one writes nothing", async () => {
    const here = await machine("claude");
    const refused = await here.run("agent", "wrap", "claude");
    expect(refused.code).toBe(2);
    for (const words of [
      "change files under .",
      "reach api.anthropic.com:443",
      "Nobody is here to say yes",
    ]) {
      expect(refused.err).toContain(words);
    }
    expect(existsSync(join(here.me.userHome, ".nano-os/agents/claude.md"))).toBe(false);
  });

  test("has its code read where that lies, its key by name, and nothing of its operator's home", async () => {
    const here = await machine();
    const { userHome } = here.me;
    const code = join(userHome, "lib/node_modules/@acme/coder/bin/claude.js");
    mkdirSync(dirname(code), { recursive: true });
    writeFileSync(code, FAKE);
    chmodSync(code, 0o755);
    symlinkSync(code, join(here.bin, "claude"));
    mkdirSync(join(userHome, ".claude"));
    const env = { PATH: `${here.bin}:/usr/bin:/bin`, HOME: userHome, ANTHROPIC_API_KEY: "k" };
    const work = join(userHome, "work");
    mkdirSync(work);
    const done = await here.me.run(["agent", "wrap", "claude", "--yes"], { env });
    expect(done).toMatchObject({ code: 0 });
    const text = manifest(here, "claude");
    expect(text).toContain("\nhome: own\n");
    expect(text).not.toContain("~");
    expect(text).toContain('"env:ANTHROPIC_API_KEY"');
    expect(text).not.toContain('"k"');
  });

  test.each([
    [["agent", "wrap", "no-such-program"], "There is no program no-such-program on PATH"],
    [["agent", "wrap"], "Name the program to make an agent"],
    [
      ["agent", "wrap", "claude", "--name", "oracle"],
      "There is an agent, a skill or a tool oracle already",
    ],
    [["agent", "wrap", "claude", "--name", "."], "cannot be an agent's name"],
    [["agent", "wrap", "claude", "--scope", "everything"], "everything is no scope"],
  ])("%j is refused, and says why", async (args, words) => {
    const here = await machine("claude");
    const refused = await here.run(...args, "--yes");
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(words);
  });

  test("with --try starts it once, in the sandbox and past the gate", async () => {
    const here = await machine("helper");
    const waits = await here.run(
      "agent",
      "wrap",
      "helper",
      "--yes",
      "--try",
      "--scope",
      "exec:cat",
    );
    // Nobody is here to say yes to the program, and --yes answers no ask of the gate.
    expect(waits.code).toBe(3);
    expect(existsSync(join(here.me.userHome, "STARTED"))).toBe(false);
    const yes = await here.run("grant", "add", "helper", "--exec", "helper", "--exec", "cat");
    expect(yes).toMatchObject({ code: 0 });
    const answered = await here.run("run", "--agent", "helper", "say ready");
    expect(answered.out).toContain("asked  say ready");
    expect(existsSync(join(here.me.userHome, "STARTED"))).toBe(false);
    expect(existsSync(join(here.me.userHome, "kept"))).toBe(false);
    const shown = await here.run("agent", "show", "helper");
    expect(shown.out).toContain("its own, 0 MiB; nanos agent clear helper empties it");
    expect((await here.run("agent", "clear", "helper")).code).toBe(2);
    const cleared = await here.run("agent", "clear", "helper", "--yes", "--json");
    expect(jsonOf(cleared)).toEqual({ name: "helper", bytes: expect.any(Number) });
    expect((await here.run("agent", "show", "helper", "--json")).out).toContain('"kept": 0');
  });

  test("what it may read outside is said yes to by name", async () => {
    const here = await machine("helper");
    const args = [
      "agent",
      "wrap",
      "helper",
      "--yes",
      "--scope",
      "exec:cat",
      "--scope",
      `read:/opt`,
    ];
    expect(await here.run(...args)).toMatchObject({ code: 0 });
    const grant = ["grant", "add", "helper", "--exec", "helper", "--exec", "cat", "--read", "/opt"];
    const given = await here.run(...grant);
    expect(given).toMatchObject({ code: 0 });
    expect(given.out).toContain("read files under /opt");
    expect((await here.run("run", "--agent", "helper", "hi")).out).toContain("asked  hi");
  });
});

describe("nanos agent new and rm", () => {
  test("a plain agent is written, can be asked, and goes again", async () => {
    const here = await machine();
    const made = await here.run("agent", "new", "planner", "--about", "Plans.", "--yes", "--json");
    expect(jsonOf(made)).toMatchObject({
      name: "planner",
      file: "agents/planner.md",
    } satisfies Partial<AgentOffer>);
    expect(manifest(here, "planner")).toContain('description: "Plans."');
    expect((await here.run("agent", "show", "oracle")).out).toContain("planner");
    expect(await here.run("agent", "rm", "planner")).toMatchObject({ code: 2 });
    expect(await here.run("agent", "rm", "planner", "--yes")).toMatchObject({ code: 0 });
    expect((await here.run("agent", "show", "oracle")).out).not.toContain("planner");
    expect((await here.run("agent", "rm", "oracle", "--yes")).err).toContain("was not taken away");
    expect((await here.run("agent", "new", "oracle", "--yes")).code).toBe(2);
  });
});

test("agents on PATH are found, and looking starts none of them", async () => {
  const here = await machine("claude", "goose", "other");
  const env = { PATH: `${here.bin}:/usr/bin:/bin` };
  const nanos = await openNanos({
    home: join(here.me.userHome, ".nano-os"),
    cwd: here.me.userHome,
    env,
  });
  try {
    expect(nanos.agents.found().map(({ name }) => name)).toEqual(["claude", "goose"]);
    // As if another process of ours were at work in it.
    const own = join(
      homesOf(findHome({ home: nanos.place.home }), nanos.place.workspace),
      "oracle",
    );
    mkdirSync(own, { recursive: true });
    const release = tryHold(join(own, "1.lock"));
    expect(() => nanos.agents.clear("oracle")).toThrow("oracle is at work in what it keeps");
    release?.();
    nanos.agents.clear("oracle");
    expect(existsSync(own)).toBe(false);
  } finally {
    await nanos.close();
  }
  expect(existsSync(join(here.me.userHome, "STARTED"))).toBe(false);
});
