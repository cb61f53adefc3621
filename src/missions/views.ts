import type { Rank } from "../contracts/action.ts";
import type { Recorded } from "../contracts/drive.ts";
import { HOME_CHAIN } from "../contracts/chain.ts";
import type { CheckWaived, MissionLine, MissionView } from "../contracts/mission.ts";
import type { Failure } from "../contracts/outcome.ts";
import type { RunOutcome } from "../contracts/run.ts";
import type { Journal, ViewSpec } from "../journal/journal.ts";
import { traceLine } from "../kernel/views/traces.ts";
import { standIns } from "./plan/order.ts";

/** Which missions there are. Derived; deleting the file loses nothing. */
const MISSIONS: ViewSpec = {
  name: "missions",
  version: 4,
  kinds: ["run.started", "mission.started", "mission.not_followed", "task.ended", "check.waived"],
  tables: `
    CREATE TABLE missions (
      run TEXT PRIMARY KEY, seq INTEGER NOT NULL, plan TEXT NOT NULL, hash TEXT NOT NULL,
      by TEXT NOT NULL, made TEXT, tasks INTEGER NOT NULL, ended INTEGER NOT NULL, rank TEXT,
      review INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX missions_seq ON missions (seq DESC);
    CREATE INDEX missions_made ON missions (made);
    CREATE TABLE waived (
      run TEXT NOT NULL, task TEXT NOT NULL, said TEXT NOT NULL, name TEXT NOT NULL,
      PRIMARY KEY (run, task, name)
    ) STRICT;
    CREATE TABLE not_followed (
      run TEXT NOT NULL, plan TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (run, plan)
    ) STRICT;
  `,
  apply: (db, { event, body }: Recorded) => {
    if (body?.kind === "run.started" && body.mission) {
      const { plan, hash, by, from = null, follows } = body.mission;
      const tasks = plan.tasks.length - standIns(plan.tasks).size;
      const row = [event.run, event.seq, plan.name, hash, by, from, tasks];
      db.run("INSERT OR IGNORE INTO missions VALUES (?, ?, ?, ?, ?, ?, ?, 0, NULL, 0)", ...row);
      const gone = "DELETE FROM not_followed WHERE plan = ? OR (run = ? AND plan = ?)";
      db.run(gone, from, follows?.run ?? null, plan.name);
    }
    if (body?.kind === "mission.started") {
      const { rank, review } = body;
      const sql = "UPDATE missions SET rank = ?, review = ? WHERE run = ?";
      db.run(sql, rank, review ? 1 : 0, event.run);
    }
    if (body?.kind === "check.waived" && event.run === HOME_CHAIN) {
      const row = [body.run, body.task, JSON.stringify(body), body.check];
      db.run("INSERT OR IGNORE INTO waived VALUES (?, ?, ?, ?)", ...row);
    }
    if (body?.kind === "mission.not_followed") {
      const row = [body.mission, body.plan, JSON.stringify(body.why)];
      db.run("INSERT OR REPLACE INTO not_followed VALUES (?, ?, ?)", ...row);
    }
    if (body?.kind === "task.ended") {
      db.run("UPDATE missions SET ended = ended + 1 WHERE run = ?", event.run);
    }
  },
};

/** Missions, newest first. */
export function listMissions(
  journal: Journal,
  limit: number,
  wish: { readonly before?: string; readonly words?: string } = {},
): readonly MissionLine[] {
  const { before = null, words = null } = wish;
  const sql = `SELECT * FROM missions WHERE
    (?1 IS NULL OR seq < (SELECT seq FROM missions WHERE run = ?1))
    AND (?2 IS NULL OR instr(lower(plan || ' ' || run), lower(?2)) > 0) ORDER BY seq DESC LIMIT ?3`;
  return linesOf(journal, sql, before, words, limit);
}

/** What the operator let go of a task's checks after its mission began. */
export function waivedOf(journal: Journal, run: string, task: string): readonly CheckWaived[] {
  const sql = "SELECT said FROM waived WHERE run = ? AND task = ? ORDER BY name";
  const rows = journal.view(MISSIONS, (db) => db.all(sql, run, task));
  return rows.map((row) => JSON.parse(String(row["said"])) as CheckWaived);
}

/** What was to follow a mission and did not begin, with the newest reason of each. */
export function notFollowed(journal: Journal, run: string): MissionView["notFollowed"] {
  const sql = "SELECT plan, why FROM not_followed WHERE run = ? ORDER BY rowid";
  return journal
    .view(MISSIONS, (db) => db.all(sql, run))
    .map(({ plan, why }) => ({ plan: String(plan), why: JSON.parse(String(why)) as Failure }));
}

/** True where some mission follows the plan that this step handed in. */
export function isFollowed(journal: Journal, step: string): boolean {
  const sql = "SELECT run FROM missions WHERE made = ? LIMIT 1";
  return journal.view(MISSIONS, (db) => db.all(sql, step)).length > 0;
}

/** One mission; null where the run is none. */
export function missionLine(journal: Journal, run: string): MissionLine | null {
  return linesOf(journal, "SELECT * FROM missions WHERE run = ?", run)[0] ?? null;
}

function linesOf(
  journal: Journal,
  sql: string,
  ...values: readonly (string | number | null)[]
): readonly MissionLine[] {
  const rows = journal.view(MISSIONS, (db) => db.all(sql, ...values));
  return rows.flatMap((row): MissionLine[] => {
    const line = traceLine(journal, String(row["run"]));
    if (line === null) return [];
    const { run, at, state, cost, outcome } = line;
    return [
      {
        ...{ run, at, state, cost },
        outcome: outcome as RunOutcome | null,
        plan: String(row["plan"]),
        hash: String(row["hash"]),
        by: String(row["by"]),
        rank: row["rank"] === null ? null : (String(row["rank"]) as Rank),
        review: row["review"] === 1,
        tasks: { all: Number(row["tasks"]), ended: Number(row["ended"]) },
      },
    ];
  });
}
