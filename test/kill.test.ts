import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Person, person } from "./support/nanos.ts";

const KILLED = join(import.meta.dirname, "support", "killed-run.ts");
const REQUEST = "add two lines to my notes";

/** A run of two model turns, two writing tools side by side, and their commits. */
const SCRIPT = `turns:
  - calls:
      - { name: notes_append, args: { note: plan, section: Today, text: one } }
      - { name: notes_append, args: { note: other, section: Today, text: two } }
  - say: Both are written.
`;

async function prepare(me: Person): Promise<void> {
  const made = await me.nanos("init", "--from", "indie-developer");
  expect(made.err).toBe("");
  await Bun.write(join(me.userHome, ".nano-os", "models", "two.yaml"), SCRIPT);
  await me.nanos("model", "add", "two", "--adapter", "script", "--file", "models/two.yaml");
  expect((await me.nanos("model", "use", "two")).code).toBe(0);
}

function runAndKill(me: Person, count: number): number | null {
  const flags = [
    "--config=/dev/null",
    "--no-env-file",
    "--no-install",
    "--tsconfig-override=/dev/null",
  ];
  const env = { HOME: me.userHome, PATH: process.env["PATH"] ?? "" };
  const args = [...flags, KILLED, REQUEST, String(count)];
  const ended = spawnSync(process.execPath, args, { cwd: me.userHome, env, encoding: "utf8" });
  return ended.status;
}

test("killed after any write, the journal verifies and the run is brought to its end", async () => {
  using me = person();
  await prepare(me);
  let rounds = 0;
  for (let count = 1; count < 60; count++) {
    const status = runAndKill(me, count);
    expect((await me.nanos("trace", "verify")).code).toBe(0);
    const [line] = JSON.parse((await me.nanos("trace", "list", "--json")).out) as {
      run: string;
      state: string;
    }[];
    const run = line?.run ?? "";
    if (status === 0) break;
    rounds += 1;
    const resumed = await me.nanos("resume", run);
    expect({ count, code: resumed.code, err: resumed.err }).toMatchObject({ count, code: 0 });
    expect((await me.nanos("trace", "replay", run)).code).toBe(0);
  }
  expect(rounds).toBeGreaterThan(8);
  // Every round wrote each line exactly once: a commit is never done twice and never lost.
  for (const [note, text] of [
    ["plan", "one"],
    ["other", "two"],
  ] as const) {
    const lines = readFileSync(join(me.userHome, "notes", `${note}.md`), "utf8").split("\n");
    expect(lines.filter((one) => one.includes(text)).length).toBe(rounds + 1);
  }
}, 300_000);
