import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { AgentManifest } from "../../contracts/agent.ts";
import { LIMITS } from "../../std/limits.ts";
import { TIERS } from "../../sandbox/testing/tiers.ts";
import { emptyHome, homeBytes, openHomes } from "../homes.ts";
import { type Calling, type Lab, openLab } from "../testing/lab.ts";
import type { ToolCall, ToolResult } from "../tool-host.ts";

setDefaultTimeout(60_000);

const labs: Lab[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

interface Place {
  readonly lab: Lab;
  /** What the agents keep. */
  readonly homes: string;
  /** The operator's home. */
  readonly userHome: string;
  /** What an agent does when it is told this script. */
  run(script: string, how?: Partial<ToolCall> & Calling & { agent?: string }): Promise<ToolResult>;
  says(script: string, how?: Parameters<Place["run"]>[1]): Promise<string>;
}

/** Agents that do what the request says, each with a home of its own. */
function place(tier?: "bwrap" | "landlock"): Place {
  const made = (name: string): AgentManifest =>
    AgentManifest.parse({
      ...{ name, description: "A.", kind: "process", home: "own" },
      command: ["/bin/sh", "-c", "{request}"],
    });
  const env: Record<string, string> = { PATH: "/usr/bin:/bin" };
  const lab = openLab({
    ...(tier && { tier }),
    files: { "user/.config/sign-in": "signed in\n", "work/a.txt": "a\n" },
    agents: [made("first"), made("second")],
    options: { env },
  });
  labs.push(lab);
  const userHome = join(lab.root, "user");
  env["HOME"] = userHome;
  const run: Place["run"] = (request, { agent = "first", scopes = [], ...how } = {}) =>
    lab.call(agent, { request }, { ...how, scopes: ["exec:/bin/sh", ...scopes] });
  return {
    ...{ lab, homes: join(lab.root, "cache/homes"), userHome, run },
    says: async (script, how) => {
      const result = await run(script, how);
      return result.ok ? String(result.output).trim() : `failed: ${result.failure.message}`;
    },
  };
}

const codeOf = (result: ToolResult): string => (result.ok ? "ok" : result.failure.code);

describe.each(TIERS)("%s: an agent's own home", (tier) => {
  test("is kept between its requests, by no other agent and not by the operator", async () => {
    const { says, userHome, homes } = place(tier);
    const count =
      'read n < "$HOME/n" 2>/dev/null; echo $((n+1)) > "$HOME/n"; read n < "$HOME/n"; echo $n';
    expect([await says(count), await says(count)]).toEqual(["1", "2"]);
    expect(await says(count, { agent: "second" })).toBe("1");
    expect(await says(`read n < ${homes}/first/1/n && echo $n`, { agent: "second" })).toContain(
      "failed",
    );
    expect(await says(`read n < ${userHome}/.config/sign-in && echo $n`)).toContain("failed");
    expect(readdirSync(userHome)).toEqual([".config"]);
  });

  test("is one each for requests at the same time", async () => {
    const { says } = place(tier);
    const meet =
      'echo x >> "$HOME/n"; i=0; while read l; do i=$((i+1)); done < "$HOME/n"; echo $i $HOME';
    const said = await Promise.all(["", "", ""].map(() => says(meet)));
    const homes = said.map((one) => one.split(" ")[1]);
    expect(new Set(homes).size).toBeGreaterThan(0);
    // Whoever had a folder alone counted its own line in it, and those of who had it before.
    const counts = Map.groupBy(said, (one) => one.split(" ")[1]);
    for (const all of counts.values()) {
      expect(all.map((one) => Number(one.split(" ")[0])).toSorted()).toEqual(
        all.map((_, i) => i + 1),
      );
    }
  });

  test("shows a file of the operator's where it lies in theirs, while a scope names it", async () => {
    const { says, userHome, homes } = place(tier);
    const look = 'read n < "$HOME/.config/sign-in" && echo "$n"';
    const scopes = [`read:${userHome}/.config/sign-in`] as const;
    expect(await says(look, { scopes })).toBe("signed in");
    expect(await says(`echo own > "$HOME/.config/sign-in"`, { scopes })).toContain("failed");
    expect(await says(look)).toContain("failed");
    // What it has there itself is put aside, not lost.
    expect(await says('echo own > "$HOME/.config/sign-in"; echo done')).toBe("done");
    expect(await says(look, { scopes })).toBe("signed in");
    expect(readFileSync(join(homes, "first/1/.config/sign-in.own"), "utf8")).toBe("own\n");
    expect(readFileSync(join(userHome, ".config/sign-in"), "utf8")).toBe("signed in\n");
  });

  test("that is a trap of links has nothing made, given away or removed outside it", async () => {
    const { lab, says, userHome, homes } = place(tier);
    const outside = join(lab.root, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "sign-in"), "theirs");
    const scopes = [`read:${userHome}/.config/sign-in`] as const;
    expect(await says("echo made", { scopes })).toBe("made");
    const own = join(homes, "first/1");
    const before = lstatSync(join(outside, "sign-in"));
    // As the agent would leave it, which may make links wherever it writes.
    rmSync(join(own, ".config"), { recursive: true });
    symlinkSync(outside, join(own, ".config"));
    rmSync(join(own, "tmp"), { recursive: true, force: true });
    symlinkSync(outside, join(own, "tmp"));
    expect(await says("echo made", { scopes })).toBe("made");
    expect(readdirSync(outside)).toEqual(["sign-in"]);
    expect(await says("echo made")).toBe("made");
    const after = lstatSync(join(outside, "sign-in"));
    expect([after.uid, after.size, after.ctimeMs]).toEqual([
      before.uid,
      before.size,
      before.ctimeMs,
    ]);
  });

  test("has a limit: what fills it is stopped, and then emptied by a word", async () => {
    const { run, homes } = place(tier);
    await run("echo hi");
    const own = join(homes, "first/1");
    // Sparse: it counts by what can be read from it.
    const big = join(own, "big");
    writeFileSync(big, "");
    const grow = run(`while [ ! -e "$HOME/stop" ]; do :; done`);
    const begun = (): boolean => existsSync(join(homes, "first/1.lock"));
    while (!begun()) await new Promise((resolve) => setTimeout(resolve, 5));
    truncateSync(big, LIMITS.agentHomeBytes + 1);
    expect(codeOf(await grow)).toBe("tool.home_full");
    expect(await run("echo hi")).toMatchObject({
      failure: { code: "tool.home_full", next: "Empty it: nanos agent clear first" },
    });
    expect(homeBytes(homes, "first")).toBeGreaterThan(LIMITS.agentHomeBytes);
    expect(emptyHome(homes, "first")).toBe(true);
    expect(codeOf(await run("echo hi"))).toBe("ok");
  });

  test("stands beside programs it may start, found by a name that is a link or in a folder", async () => {
    const { lab, run } = place(tier);
    const bin = join(lab.root, "bin");
    mkdirSync(join(lab.root, "tools"));
    mkdirSync(bin);
    copyFileSync("/bin/echo", join(lab.root, "tools/say"));
    symlinkSync("../tools/say", join(bin, "say"));
    const script = `PATH=${bin}:$PATH; say one; ${lab.root}/tools/say two`;
    const both = [`exec:${bin}/say`, `exec:${lab.root}/tools/`] as const;
    expect(await run(script, { scopes: [both[0]] })).toMatchObject({ output: "one\ntwo\n" });
    expect(await run(`${lab.root}/tools/say two`, { scopes: [both[1]] })).toMatchObject({
      output: "two\n",
    });
    // A folder is one where it says so.
    const other = await run(`${lab.root}/tools/say two`, { scopes: [`exec:${lab.root}/tools`] });
    expect(other.ok).toBe(false);
  });

  test("has a place for temporary files beside it", async () => {
    const { says } = place(tier);
    expect(await says('d=${TMPDIR:-/tmp}; echo x > "$d/f" && read x < "$d/f" && echo "$x"')).toBe(
      "x",
    );
  });
});

test("so many homes at once, and no more; one at work is not emptied", () => {
  const root = openLab({ files: {} });
  labs.push(root);
  const homes = openHomes(root.root);
  const taken = Array.from({ length: LIMITS.agentHomes + 1 }, () => homes.take("a"));
  expect(taken.at(-1)).toMatchObject({ code: "tool.home_busy" });
  expect(emptyHome(root.root, "a")).toBe(false);
  for (const one of taken) if ("release" in one) one.release();
  expect(emptyHome(root.root, "a")).toBe(true);
  expect(homeBytes(root.root, "a")).toBe(0);
});

describe("a program that is an agent", () => {
  test.each([
    ["exit 0", "tool.silent", "first gave no answer and changed nothing."],
    ["echo 'no model set' >&2", "tool.silent", "changed nothing: no model set"],
    ["echo 'Not logged in'; exit 1", "tool.program_failed", "exit code 1: Not logged in"],
    [
      "echo warn >&2; printf '\\033[31mno key\\033[0m\\n'; exit 2",
      "tool.program_failed",
      "exit code 2: warn / no key",
    ],
  ])("that does %j has failed as %s", async (script, code, words) => {
    const { run } = place();
    const result = await run(script);
    expect(codeOf(result)).toBe(code);
    expect(result.ok ? "" : result.failure.message).toContain(words);
  });

  test("that says nothing and changes something has done its work", async () => {
    const { run, lab } = place();
    const result = await run("echo b > a.txt", { scopes: [`write:${lab.workspace}`] });
    expect(result).toMatchObject({ ok: true, output: "" });
  });

  test("that runs out of time says what it waited for", async () => {
    const { run } = place();
    const result = await run("echo 'waiting for network' >&2; while :; do :; done", { ms: 400 });
    expect(result).toMatchObject({
      failure: { code: "tool.timeout", message: expect.stringContaining("waiting for network") },
    });
  });
});
