import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serverIn, startServer } from "../src/missions/engine/testing/restate-server.ts";
import { type Person, person } from "./support/nanos.ts";

const PLAN = `name: gated
description: Writes one line.
rank: A
inputs:
  text: {}
tasks:
  - { id: list, tool: notes_list, args: {} }
  - id: add
    needs: [list]
    tool: notes_append
    args: { note: dashboard, text: "{{ inputs.text }}" }
`;

async function waiting(me: Person): Promise<string> {
  expect((await me.nanos("init", "--from", "indie-developer")).code).toBe(0);
  writeFileSync(join(me.userHome, "gated.yaml"), PLAN);
  const begun = await me.nanos("mission", "new", "gated.yaml", "--input", "text=said");
  expect(begun.code).toBe(3);
  const { missions } = JSON.parse((await me.nanos("engine", "list", "--json")).out) as {
    missions: readonly { readonly run: string }[];
  };
  return missions[0]?.run ?? "";
}

test("a mission that waits is carried on by whoever works, as soon as it is answered", async () => {
  using me = person();
  const mission = await waiting(me);
  const listed = await me.nanos("engine");
  expect(listed.out).toMatch(
    new RegExp(`^in use local[^]*${mission} +local +waits for an answer`, "u"),
  );
  const working = me.begin(["engine", "work"]);
  await working.until("carrying missions");
  expect((await me.nanos("grant", "add", "file-organiser", "--mission", mission)).code).toBe(0);
  expect((await me.nanos("mission", "approve", mission)).code).toBe(0);
  await working.until(`succeeded ${mission}`);
  working.kill("SIGINT");
  expect((await working.ended).code).toBe(0);
  expect(readFileSync(join(me.userHome, "notes", "dashboard.md"), "utf8")).toContain("said");
  expect((await me.nanos("engine", "list")).out).toContain("No mission is under way.");
  expect((await me.nanos("trace", "replay", mission)).code).toBe(0);
}, 120_000);

test("another engine is used where the operator said where it is, and not before", async () => {
  using me = person();
  const mission = await waiting(me);
  const early = await me.nanos("engine", "use", "restate");
  expect([early.code, early.err]).toEqual([2, expect.stringContaining("engine.no_restate")]);
  for (const [args, code] of [
    [["use", "other"], "usage.engine"],
    [["restate", "--url", "nowhere"], "usage.url"],
    [["restate", "--url", "http://127.0.0.1:1", "--port", "x"], "usage.port"],
    [["move", "r0", "restate"], "engine.unknown"],
  ] as const) {
    const refused = await me.nanos("engine", ...args);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining(code)]);
  }
  const settings = await me.nanos("engine", "restate", "--json");
  const { file, start } = JSON.parse(settings.out) as { file: string; start: string };
  expect(start).toBe(`restate-server --config-file ${file}`);
  expect(readFileSync(file, "utf8")).toContain('bind-address = "127.0.0.1:8080"');
  // Nobody answers at this port.
  const chosen = await me.nanos(
    ...["engine", "restate", "--url", "http://127.0.0.1:1", "--admin", "http://127.0.0.1:1"],
  );
  expect([chosen.code, chosen.out]).toEqual([0, expect.stringContaining("nanos engine work")]);
  const shown = JSON.parse((await me.nanos("engine", "list", "--json")).out) as object;
  expect(shown).toMatchObject({ use: "restate", missions: [{ run: mission, engine: "local" }] });
  expect((await me.nanos("engine", "use", "local")).code).toBe(0);
}, 120_000);

const program = serverIn(process.env["NANOS_TEST_RESTATE"]);
if (program === null) {
  console.log("not available: the Restate server (npm test installs it)");
} else {
  // With every check: elsewhere Restate is held without the command line (`restate.test.ts`) or from
  // the outside (`drill.test.ts`), so nothing else begins, carries and cancels a mission as a home does.
  test("a mission of a home that uses Restate begins, waits, goes on and ends there", async () => {
    using me = person();
    expect((await me.nanos("init", "--from", "indie-developer")).code).toBe(0);
    writeFileSync(join(me.userHome, "gated.yaml"), PLAN);
    const server = await startServer(program, join(me.userHome, "server"));
    try {
      const where = ["--url", server.url, "--admin", server.admin, "--port", String(server.free)];
      expect((await me.nanos("engine", "restate", ...where)).code).toBe(0);
      const begun = await me.nanos("mission", "new", "gated.yaml", "--input", "text=said");
      expect({ code: begun.code, err: begun.err }).toMatchObject({ code: 3 });
      const listed = await me.nanos("engine", "list", "--json");
      const { missions } = JSON.parse(listed.out) as { missions: { run: string }[] };
      expect(missions).toMatchObject([{ engine: "restate", standing: { state: "waiting" } }]);
      const mission = missions[0]?.run ?? "";
      expect((await me.nanos("engine", "list")).out).toContain("a copy: ");
      expect((await me.nanos("grant", "add", "file-organiser", "--mission", mission)).code).toBe(0);
      expect((await me.nanos("mission", "approve", mission)).code).toBe(0);
      const ran = await me.nanos("mission", "run", mission);
      expect({ code: ran.code, err: ran.err }).toMatchObject({ code: 0 });
      expect(readFileSync(join(me.userHome, "notes", "dashboard.md"), "utf8")).toContain("said");
      expect((await me.nanos("trace", "replay", mission)).code).toBe(0);
      expect((await me.nanos("trace", "verify")).code).toBe(0);
      const next = await me.nanos("mission", "new", "gated.yaml", "--input", "text=not");
      expect(next.code).toBe(3);
      const after = await me.nanos("engine", "list", "--json");
      const [other] = (JSON.parse(after.out) as { missions: { run: string }[] }).missions;
      expect((await me.nanos("mission", "cancel", other?.run ?? "")).code).toBe(0);
      const stopped = await me.nanos("mission", "run", other?.run ?? "");
      expect({ code: stopped.code, err: stopped.err }).toMatchObject({ code: 130 });
    } finally {
      await server.stop();
    }
  }, 120_000);
}
