import { expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type NanosError, openNanos } from "../src/nanos.ts";
import { systemClock } from "../src/std/clock.ts";
import { freeRow, serverIn } from "../src/missions/engine/testing/restate-server.ts";
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
    [["restate", "--listen", "65534"], "usage.port"],
    [
      ["restate", "--url", "http://127.0.0.1:1", "--identity-key", "publickeyv1_0"],
      "engine.bad_key",
    ],
    [["restate", "--server", "nowhere"], "engine.no_server"],
    [["move", "r0", "restate"], "engine.unknown"],
  ] as const) {
    const refused = await me.nanos("engine", ...args);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining(code)]);
  }
  const lacking = await me.run(["engine", "restate"], { env: { PATH: me.userHome } });
  expect([lacking.code, lacking.err]).toEqual([
    2,
    expect.stringMatching(
      /npm install --global @restatedev\/restate-server@[^]*engine\.no_server/u,
    ),
  ]);
  // Nobody answers at this port.
  const chosen = await me.nanos(
    ...["engine", "restate", "--url", "http://127.0.0.1:1", "--admin", "http://127.0.0.1:1"],
  );
  expect([chosen.code, chosen.out]).toEqual([0, expect.stringContaining("nanos engine work")]);
  const shown = JSON.parse((await me.nanos("engine", "list", "--json")).out) as object;
  expect(shown).toMatchObject({ use: "restate", missions: [{ run: mission, engine: "local" }] });
  expect((await me.nanos("engine", "use", "local")).code).toBe(0);
}, 120_000);

test("a server that ends by itself is said to, with its last words and the way to begin it again", async () => {
  using me = person();
  expect((await me.nanos("init", "--from", "indie-developer")).code).toBe(0);
  const broken = join(me.userHome, "restate-server");
  writeFileSync(broken, "#!/bin/sh\necho 'no room for its data' >&2\nexit 3\n", { mode: 0o755 });
  const [listen] = await freeRow();
  const { code, err } = await me.nanos(
    ...["engine", "restate", "--server", broken, "--listen", `${listen}`],
  );
  expect(code).not.toBe(0);
  expect(err).toMatch(
    /did not begin: no room for its data[^]*Start it again[^]*engine\.server_ended/u,
  );
});

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
    const [listen, free] = await freeRow();
    const serving = me.begin(["engine", "restate", "--server", program, "--listen", `${listen}`]);
    try {
      await serving.until("Ctrl-C ends it");
      expect(serving.text()).toMatch(
        /signs as +publickeyv1_\w{40,}[^]*next +nanos engine use restate/u,
      );
      const settings = join(me.userHome, ".nano-os/machine/restate/restate.toml");
      expect(statSync(dirname(settings)).mode & 0o777).toBe(0o700);
      expect(readFileSync(settings, "utf8")).toContain(`bind-address = "127.0.0.1:${listen}"`);
      const twice = await me.nanos(
        ...["engine", "restate", "--server", program, "--listen", `${listen}`],
      );
      expect([twice.code, twice.err]).toEqual([2, expect.stringContaining("engine.port_taken")]);
      await workAt(me, free);
      expect((await me.nanos("engine", "use", "restate")).code).toBe(0);
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
      // A fork of it begins here, and asks what the other one was told.
      const fork = await me.nanos("trace", "fork", mission, "--at", "2001");
      expect({ code: fork.code, err: fork.err }).toMatchObject({ code: 3 });
      const next = await me.nanos("mission", "new", "gated.yaml", "--input", "text=not");
      expect(next.code).toBe(3);
      const after = await me.nanos("engine", "list", "--json");
      const [other] = (JSON.parse(after.out) as { missions: { run: string }[] }).missions;
      expect((await me.nanos("mission", "cancel", other?.run ?? "")).code).toBe(0);
      const stopped = await me.nanos("mission", "run", other?.run ?? "");
      expect({ code: stopped.code, err: stopped.err }).toMatchObject({ code: 130 });
      expect(await refusedBeginning(me)).toBe("key.unknown");
      serving.kill("SIGINT");
      expect((await serving.ended).code).toBe(0);
      expect(await answers(listen)).toBe(false);
      // It is the same one when it is started anew, and gone with the command however that ends.
      const again = me.begin(["engine", "restate", "--server", program, "--listen", `${listen}`]);
      await again.until("Ctrl-C ends it");
      expect(again.text()).toContain(/publickeyv1_\w+/u.exec(serving.text())?.[0] ?? "no key");
      again.kill("SIGKILL");
      while (await answers(listen)) await systemClock.sleep(20);
      // Nobody else starts what a home does not reach; that it is away is said.
      const away = await me.nanos("mission", "new", "gated.yaml", "--input", "text=away");
      expect([away.code, away.err]).toEqual([2, expect.stringContaining("engine.unreachable")]);
    } finally {
      serving.kill("SIGKILL");
    }
  }, 120_000);
}

/** The code of why a mission of a key that is gone does not begin. */
async function refusedBeginning({ userHome: cwd }: Person): Promise<unknown> {
  const env = { PATH: process.env["PATH"] ?? "" };
  const nanos = await openNanos({ home: join(cwd, ".nano-os"), env, cwd });
  try {
    const asked = { plan: "gated.yaml", inputs: { text: "no" }, client: "key:gone" };
    const { done } = await nanos.missions.begin(asked);
    return await done.then(({ state }) => state).catch(({ code }: NanosError) => code);
  } finally {
    await nanos.close();
  }
}

function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/restate/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** The port workers of this home listen at, so that tests side by side have one each. */
async function workAt(me: Person, port: number): Promise<void> {
  const file = join(me.userHome, ".nano-os/machine/config.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("port: 9080", `port: ${port}`));
}
