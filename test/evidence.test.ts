import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Came, commandLine } from "../src/cli/testing/command-line.ts";

/** Two homes: one that works, and one that witnesses it. Files go to and fro between them. */

const FOLDER = fs.mkdtempSync(join(tmpdir(), "nanos-evidence-"));
const file = (name: string): string => join(FOLDER, name);
let run = "";

async function nanos(home: "mine" | "theirs", ...args: readonly string[]): Promise<Came> {
  return commandLine(["--home", file(home), ...args], {
    script: { home: FOLDER, plays: {} },
    cwd: FOLDER,
    house: () => import("../src/nanos.ts"),
  });
}

/** What it said, where it went well. */
async function good(home: "mine" | "theirs", ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await nanos(home, ...args);
  expect({ args, code, err: code === 0 ? "" : err }).toEqual({ args, code: 0, err: "" });
  return out;
}

/** The program in the bundle, by itself. */
function verified(...args: readonly string[]): readonly [number | null, string] {
  const node = process.env["NANOS_TEST_NODE"] ?? "node";
  const { status, stdout } = spawnSync(node, args, { cwd: FOLDER, encoding: "utf8", env: {} });
  return [status, stdout];
}

interface Keys {
  readonly log: string;
  readonly witness: string;
}

beforeAll(async () => {
  await good("mine", "init", "--from", "toy");
  await good("mine", "run", "calculate 2 + 3");
  const [line] = JSON.parse(await good("mine", "trace", "list", "--json")) as { run: string }[];
  run = line?.run ?? "";
}, 60_000);

afterAll(() => fs.rmSync(FOLDER, { recursive: true, force: true }));

test("an ended run is signed, and verify says what is held by the chains alone", async () => {
  const said = await good("mine", "trace", "verify");
  expect(said).toMatch(
    /ok \d+ events in \d+ chains verify\n {3}1 signed checkpoint; 1 event since, held by/u,
  );
  expect(said).toContain("no witness signed:");
}, 30_000);

test("a bundle and the proof of a step are checked by a program of their own", async () => {
  const said = await good("mine", "trace", "export", run, "bundle", "--bundle");
  const key = (JSON.parse(await good("mine", "witness", "--json")) as Keys).log;
  expect(said).toContain(key);
  const script = join("bundle", "nanos-verify.mjs");
  expect(verified(script, "bundle", "--log", key)).toEqual([0, expect.stringContaining("ok ")]);
  await good("mine", "trace", "prove", `${run}.1`, "step.tlog-proof");
  expect(verified(script, "step.tlog-proof", "--log", key)[0]).toBe(0);
  expect(await good("mine", "trace", "prove", `${run}.1`)).toStartWith("c2sp.org/tlog-proof@v1\n");
  const printed = await good("mine", "trace", "verifier");
  expect(printed).toBe(fs.readFileSync(file(script), "utf8"));
}, 30_000);

test("another home signs the log, and refuses one that was put back to an earlier state", async () => {
  const [mine, theirs] = await Promise.all(
    (["mine", "theirs"] as const).map(
      async (home) => JSON.parse(await good(home, "witness", "--json")) as Keys,
    ),
  );
  await good("mine", "witness", "trust", theirs?.witness ?? "");
  await good("theirs", "witness", "trust", mine?.log ?? "");
  fs.cpSync(file("mine"), file("copy"), { recursive: true });

  await good("mine", "witness", "ask", "request.txt");
  await good("theirs", "witness", "sign", "request.txt", "signed.txt");
  expect(await good("mine", "witness", "take", "signed.txt")).toMatch(
    /^kept \d+ events signed by/u,
  );
  expect(await good("mine", "trace", "verify")).toContain("a witness signed all but the newest");
  expect(await good("mine", "witness")).toMatch(
    /its witness +nanos-witness\S+ +signed \d+ events/u,
  );

  await good("mine", "trace", "export", run, "witnessed", "--bundle");
  const [code, shown] = verified(join("witnessed", "nanos-verify.mjs"), "witnessed");
  expect([code, shown]).toEqual([0, expect.stringMatching(/witness nanos-witness\S+ saw it at/u)]);

  // The copy knows nothing of what was signed since: its log is another one from there on.
  fs.rmSync(file("mine"), { recursive: true });
  fs.renameSync(file("copy"), file("mine"));
  for (let i = 0; i < 5; i++) await good("mine", "witness", "ask", "again.txt");
  const refused = await nanos("theirs", "witness", "sign", "again.txt", "no.txt");
  expect([refused.code, fs.existsSync(file("no.txt"))]).toEqual([2, false]);
  expect(refused.err).toMatch(/was (rewritten|truncated)|signed last/u);
  await good("theirs", "witness", "drop", (mine?.log ?? "").split("+", 1)[0] ?? "");
}, 60_000);

test("what is named and cannot be read is said by its name", async () => {
  for (const args of [
    ["sign", "nowhere.txt", "x"],
    ["take", "nowhere.txt"],
  ]) {
    const { code, err } = await nanos("mine", "witness", ...args);
    expect([code, err]).toEqual([2, expect.stringContaining("nowhere.txt")]);
  }
  expect((await nanos("mine", "witness", "ask", "x", "--from", "y")).err).toContain("--from takes");
});
