import { describe, expect, test } from "bun:test";
import { DatabaseSync } from "node:sqlite";
import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type Came, TRAITS } from "../contracts/stage.ts";
import { action, standing } from "../gate/arbitraries.fixtures.ts";
import { judge } from "../gate/judge.ts";
import { inFolder, open } from "../journal/testing/sample.ts";
import { listAsks } from "../kernel/desk/approvals.ts";
import { artifactDesk } from "../kernel/vault/desk.ts";
import { beginIn, missionLab, type Written } from "../missions/testing/mission-lab.ts";
import { evolutionIn } from "./journal.ts";
import { bodiesOf, fill, ONE, TOOLS } from "./testing/fill.ts";
import { cameTo } from "./mission.ts";
import { evolutionOf } from "./stage.ts";

const MET = ONE.checks;
const lab = (): ReturnType<typeof missionLab> =>
  missionLab({ tools: TOOLS, agents: [{ manifest: { name: "oracle" } }] });

type Given = NonNullable<Parameters<typeof beginIn>[3]>;
const yes: Given["ask"] = async () => ({ verdict: "allow", reach: "once" });
const asked = (name: string): object => ({
  profiles: {
    all: {
      rules: [
        {
          ...{ id: "look", when: { kind: "task", name }, then: "ask" },
          ...{ example: { kind: "task", name }, counter: { kind: "task", name: "other" } },
        },
      ],
    },
  },
});

describe("what a mission that was followed comes to", () => {
  const cases: readonly (readonly [string, Written, Given, object])[] = [
    ["a met check proves", { tasks: [ONE] }, {}, { proven: 1, xp: 10 }],
    [
      "a check its own agent wrote proves nothing",
      { tasks: [ONE] },
      { by: "agent:oracle" },
      { unproven: 1 },
    ],
    ["its rank pays", { rank: "B", tasks: [ONE] }, {}, { proven: 1, xp: 100 }],
    ["no check proves nothing", { tasks: [{ ...ONE, checks: [] }] }, {}, { unproven: 1 }],
    [
      "a check that only observes proves nothing",
      { tasks: [{ ...ONE, checks: [{ ...MET[0], id: "c", observe: true }] }] },
      {},
      { unproven: 1 },
    ],
    [
      "a check that was let go proves nothing",
      { tasks: [{ ...ONE, checks: [{ id: "c", that: "output == 'other'" }] }] },
      { waived: ["a.c"] },
      { unproven: 1 },
    ],
    [
      "the operator's yes to an output proves",
      { ...asked("a"), tasks: [{ ...ONE, checks: [] }] },
      { ask: yes },
      { proven: 1, xp: 10 },
    ],
    [
      "a failed task is a failure",
      { tasks: [ONE, { id: "b", tool: "fail", args: {} }] },
      {},
      { failed: 1 },
    ],
    [
      "a missed check is a failure",
      { tasks: [{ ...ONE, checks: [{ that: "output == 'other'" }] }] },
      {},
      { failed: 1 },
    ],
    [
      "what is degraded earns nothing and costs nothing",
      {
        tasks: [
          ONE,
          {
            id: "b",
            tool: "fail",
            args: {},
            recover: [{ degrade: { says: "Less." } }],
          },
        ],
      },
      {},
      { degraded: 1 },
    ],
    ["one that waits is open", { ...asked("a"), tasks: [ONE] }, {}, { open: 1 }],
    ["a rehearsal is no mission", { tasks: [ONE] }, { rehearsal: true } as Given, {}],
  ];
  for (const [name, written, given, expected] of cases) {
    test(name, async () => {
      const made = lab();
      await (
        await beginIn(made, made.world, written, given)
      ).done;
      const { uncounted, xp, proven, failed } = evolutionIn(made.journal);
      // A rehearsal may come to an end of any kind: it counts as itself or not at all.
      const { rehearsal: _, ...counted } = uncounted;
      expect({ ...counted, xp, proven, failed }).toEqual({
        ...{ open: 0, degraded: 0, cancelled: 0, unproven: 0, repeated: 0, fork: 0 },
        ...{ xp: 0, proven: 0, failed: 0, ...expected },
      });
    });
  }
});

test("the same plan with the same inputs pays once, and fails as often as it fails", async () => {
  const made = lab();
  for (const x of ["1", "1", "2"]) {
    const { done } = await beginIn(made, made.world, { tasks: [ONE] }, { inputs: { x } });
    await done;
  }
  const bad = { tasks: [{ id: "b", tool: "fail", args: {} }] };
  for (let i = 0; i < 2; i++) await (await beginIn(made, made.world, bad)).done;
  const seen = evolutionIn(made.journal);
  expect(seen).toMatchObject({ proven: 2, xp: 20, failed: 2, uncounted: { repeated: 1 } });
});

test("the operator's word on a result in the vault counts, and can be taken back", async () => {
  const made = lab();
  const bare = { ...ONE, checks: [], output: { title: "Report" } };
  const checked = { ...ONE, output: { title: "Other" } };
  for (const task of [bare, checked]) {
    await (
      await beginIn(made, made.world, { tasks: [task] })
    ).done;
  }
  const vault = artifactDesk(made.world);
  const idOf = (title: string): string =>
    vault.list().find((one) => one.title === title)?.id ?? "none";
  const steps: readonly (readonly [string, "approved" | "rejected" | "archived", number])[] = [
    ["Report", "approved", 2],
    ["Report", "archived", 2],
    ["Other", "rejected", 1],
    ["Report", "rejected", 0],
    ["Other", "approved", 1],
  ];
  expect(evolutionIn(made.journal)).toMatchObject({ proven: 1, uncounted: { unproven: 1 } });
  for (const [title, verdict, proven] of steps) {
    await vault.review(idOf(title), verdict);
    const seen = evolutionIn(made.journal);
    expect([title, verdict, seen.proven, seen.xp]).toEqual([title, verdict, proven, proven * 10]);
    expect(seen.failed).toBe(0);
  }
});

test("a word on something else than what the task came to is none on it", async () => {
  const made = lab();
  const { run, done } = await beginIn(made, made.world, { tasks: [{ ...ONE, checks: [] }] });
  await done;
  const ended = [...made.journal.chain(run)].find(({ body }) => body?.kind === "task.ended")?.body;
  const artifact = (ended?.kind === "task.ended" && ended.from) || "none";
  const review = { verdict: "approved", by: "operator@terminal" } as const;
  const home = { step: null, actor: "operator", policy: null, isolation: null, label: null };
  const body = { kind: "artifact.reviewed", artifact, hash: "0".repeat(64), review } as const;
  await made.journal.append([{ ...home, run: "home", body }]);
  expect(evolutionIn(made.journal)).toMatchObject({ proven: 0, uncounted: { unproven: 1 } });
});

test("a fork pays nothing, and erasing anything a mission said never raises a stage", async () => {
  for (const written of [{ tasks: [ONE] }, { tasks: [{ id: "b", tool: "fail", args: {} }] }]) {
    const made = lab();
    const { run, done } = await beginIn(made, made.world, written);
    await done;
    const chain = [...made.journal.chain(run)];
    const fork = { run, step: `${run}.1`, hash: "0" };
    const forked = chain.map(({ event, body }) => ({
      event,
      body: body?.kind === "run.started" ? { ...body, fork } : body,
    }));
    expect(cameTo(forked)).toEqual({ counts: "nothing", why: "fork" });
    const whole = evolutionOf([cameTo(chain), ...LOST]);
    for (const at of chain.keys()) {
      const erased = chain.map((one, i) => (i === at ? { ...one, body: null } : one));
      const seen = evolutionOf([cameTo(erased), ...LOST]);
      expect([seen.proven <= whole.proven, seen.failed >= whole.failed]).toEqual([true, true]);
    }
  }
});

const LOST: readonly Came[] = [{ counts: "failed" }];

test("at the last stage a shell tool still asks, and no name of a trait says anything to the gate", async () => {
  const made = lab();
  await fill(made.journal, await bodiesOf({ tasks: [ONE] }), 200);
  expect(evolutionIn(made.journal)).toMatchObject({ stage: "APEX", next: null });
  const written = { tasks: [{ id: "a", tool: "shell", args: {} }] };
  const { done } = await beginIn(made, made.world, written);
  expect((await done).state).toBe("waiting");
  expect(listAsks(made.world)[0]?.reason).toContain("it would run a program");
  fc.assert(
    fc.property(action, standing, fc.subarray([...TRAITS]), (about, where, traits) => {
      const has = Object.assign({}, where, { traits, stage: "APEX" });
      const [{ inputs: _, ...before }, { inputs: __, ...after }] = [
        judge(about, where),
        judge(about, has),
      ];
      expect(after).toEqual(before);
    }),
    { numRuns: 300 },
  );
});

test("views may go or be written over; what does not verify earns nothing", () =>
  inFolder(async (dir) => {
    const bodies = await bodiesOf({ tasks: [ONE] });
    const lost = await bodiesOf({ tasks: [{ id: "b", tool: "fail", args: {} }] });
    let journal = open(dir);
    const again = (): ReturnType<typeof evolutionIn> => {
      journal.close();
      journal = open(dir);
      return evolutionIn(journal);
    };
    await fill(journal, bodies, 10);
    await fill(journal, lost, 1);
    const before = evolutionIn(journal);
    expect(before).toMatchObject({ stage: "FORGING", proven: 10, failed: 1 });

    journal.close();
    for (const end of ["", "-wal", "-shm"]) rmSync(join(dir, `views.db${end}`), { force: true });
    expect(again()).toEqual(before);

    // A run that is nowhere but in the view is none.
    journal.close();
    const views = new DatabaseSync(join(dir, "views.db"));
    for (let i = 0; i < 300; i++) {
      views.exec(`INSERT INTO missions_begun VALUES ('made-up-${i}', ${1000 + i})`);
    }
    views.close();
    expect(again()).toMatchObject({ stage: "FORGING", proven: 10, xp: before.xp });
    expect(evolutionIn(journal).uncounted.open).toBe(0);

    // Erasing what a failure said does not take it away.
    const end = [...journal.chain(`m${lost.length}x0`)].at(-1);
    await journal.erase(end?.event.hash ?? "", "no longer wanted");
    expect(evolutionIn(journal)).toEqual(before);

    // An entry of one mission is written over by hand; then one of the operator's words.
    const written = (sql: string, expected: object): void => {
      journal.close();
      overwrite(dir, sql);
      journal = open(dir);
      expect(evolutionIn(journal)).toMatchObject(expected);
    };
    const one = { stage: "AWAKENING", proven: 9, failed: 2, broken: 1 };
    written("UPDATE events SET at = at + 1 WHERE seq = 3", one);
    const all = { stage: "DORMANT", proven: 0, xp: 0, failed: 11, broken: 11 };
    const last = "(SELECT max(seq) FROM events)";
    written(`UPDATE events SET at = at + 1 WHERE seq = ${last}`, all);
    journal.close();
  }));

/** Changes the tables as somebody with a database shell would, past what forbids it. */
function overwrite(dir: string, sql: string): void {
  const db = new DatabaseSync(join(dir, "journal.db"));
  const triggers = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${String(name)}`);
  db.exec(sql);
  db.close();
}
