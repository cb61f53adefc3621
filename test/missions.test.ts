import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { person } from "./support/nanos.ts";

const GATED = `name: gated
description: Reads and writes.
rank: A
inputs:
  text: {}
tasks:
  - { id: list, tool: notes_list, args: {} }
  - id: add
    needs: [list]
    tool: notes_append
    args: { note: dashboard, text: "{{ inputs.text }}" }
    checks: [{ that: "output.note == 'dashboard'" }]
`;

test("a mission waits for its yes, is carried on, and can be read and replayed", async () => {
  using me = person();
  expect((await me.nanos("init", "--from", "indie-developer")).code).toBe(0);
  expect((await me.nanos("plan", "check", "brief")).code).toBe(0);
  const drawn = await me.nanos("plan", "show", "brief");
  expect(drawn.out).toContain("└─ note  tool notes_append, and after known");
  expect(Math.max(...drawn.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);

  const file = join(me.userHome, "gated.yaml");
  writeFileSync(file, GATED);
  const begun = await me.run(["mission", "new", "gated.yaml", "--input", "text=said", "--json"], {
    cwd: me.userHome,
  });
  expect(begun.code).toBe(3);
  const [line] = JSON.parse((await me.nanos("mission", "list", "--json")).out) as { run: string }[];
  const mission = line?.run ?? "";
  expect(line).toMatchObject({ plan: "gated", state: "waiting", rank: null, review: false });
  expect((await me.nanos("mission", "show", mission)).out).toContain(
    `nanos mission approve ${mission}`,
  );
  expect((await me.nanos("grant", "add", "file-organiser", "--mission", mission)).code).toBe(0);
  expect((await me.nanos("mission", "approve", mission)).code).toBe(0);
  const ran = await me.nanos("mission", "run", mission);
  expect([ran.code, ran.err]).toEqual([0, expect.not.stringContaining("error")]);
  expect(readFileSync(join(me.userHome, "notes", "dashboard.md"), "utf8")).toContain("said");
  expect((await me.nanos("trace", "show", mission)).out).toContain("check that: met");
  expect((await me.nanos("trace", "replay", mission)).code).toBe(0);
  const status = await me.nanos("status");
  expect([status.code, status.out.split("\n")[0]]).toEqual([
    0,
    "AWAKENING  200 XP from 1 proven mission, 100% of the 1 that count",
  ]);
  expect(JSON.parse((await me.nanos("status", "--json")).out)).toMatchObject({
    evolution: { stage: "AWAKENING", xp: 200, next: { stage: "FORGING" } },
    missions: { outcomes: { succeeded: 1 } },
  });
  expect((await me.nanos("mission", "approve", mission)).err).toContain("mission.no_ask");
  expect((await me.nanos("mission", "numbers", mission)).err).toContain("trait.not_reached");
  const on = await me.nanos("trait", "on", "recall");
  expect([on.code, on.out]).toEqual([0, expect.stringContaining("on RECALL")]);
  expect((await me.nanos("trait", "list")).out).toContain("RECALL  on");
  // A file of a project switches nothing: there is no such field.
  const arrangement = join(me.userHome, ".nano-os", "arrangement.yaml");
  writeFileSync(arrangement, `${readFileSync(arrangement, "utf8")}traits: [RECALL]\n`);
  expect((await me.nanos("trait", "list")).err).toContain("traits");
}, 120_000);

test("what is wrong with a plan is said with its line, and nothing begins", async () => {
  using me = person();
  await me.nanos("init", "--from", "indie-developer");
  mkdirSync(join(me.userHome, "plans"));
  const file = join(me.userHome, "plans", "odd.yaml");
  writeFileSync(
    file,
    `name: odd
description: Odd.
tasks:
  - id: a
    tool: notes_lisst
    needs: [b]
    wen: inputs.x
  - { id: b, tool: notes_list, needs: [a] }
`,
  );
  const shape = await me.nanos("plan", "check", file);
  expect([shape.code, shape.out]).toEqual([
    2,
    expect.stringContaining("odd.yaml:7: unknown field"),
  ]);
  expect(shape.out).toContain("when");
  writeFileSync(file, readFileSync(file, "utf8").replace("    wen: inputs.x\n", ""));
  const names = await me.nanos("plan", "check", file);
  expect(names.out).toContain(
    "odd.yaml:5: oracle has no tool 'notes_lisst'; did you mean 'notes_list'?",
  );
  const begun = await me.nanos("mission", "new", file);
  expect([begun.code, begun.err]).toEqual([2, expect.stringContaining("manifest.invalid")]);
  expect((await me.nanos("mission", "list")).out).toContain("No missions.");
}, 120_000);
