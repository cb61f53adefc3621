import { LIMITS } from "../../std/limits.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Schedule } from "../../contracts/schedule.ts";
import type { Journal, SqlValue, ViewSpec, ViewWriter } from "../../journal/journal.ts";
import { type Mark } from "./due.ts";

/** Which schedules there are and how far each has come. Derived; deleting the file loses nothing. */
const SCHEDULES: ViewSpec = {
  name: "schedules",
  version: 1,
  kinds: [
    "schedule.saved",
    "schedule.removed",
    "schedule.fired",
    "schedule.missed",
    "schedule.held",
  ],
  tables: `
    CREATE TABLE schedules (
      name TEXT PRIMARY KEY, seq INTEGER NOT NULL, schedule TEXT NOT NULL, until INTEGER NOT NULL,
      due INTEGER, run TEXT, claimed INTEGER NOT NULL, missed INTEGER NOT NULL, why TEXT
    ) STRICT;
    CREATE TABLE schedules_fired (
      name TEXT NOT NULL, due INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (name, due)
    ) STRICT;`,
  apply: (db, { event, body }: Recorded) => {
    if (body) apply(db, event.seq, body);
  },
};

function apply(db: ViewWriter, seq: number, body: EventBody): void {
  switch (body.kind) {
    case "schedule.saved": {
      const { name, at } = body.schedule;
      const sql = `INSERT INTO schedules VALUES (?, ?, ?, ?, NULL, NULL, 0, 0, NULL)
        ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, schedule = excluded.schedule,
          until = excluded.until, claimed = 0, missed = 0, why = NULL`;
      db.run(sql, name, seq, JSON.stringify(body.schedule), at);
      break;
    }
    case "schedule.removed":
      db.run("DELETE FROM schedules WHERE name = ?", body.name);
      db.run("DELETE FROM schedules_fired WHERE name = ?", body.name);
      break;
    case "schedule.fired": {
      const { name, due, run, until, missed } = body;
      const sql = `UPDATE schedules SET due = ?, run = ?, until = ?, missed = ?, claimed = 1,
        why = NULL WHERE name = ?`;
      db.run(sql, due, run, until, missed, name);
      db.run("INSERT OR REPLACE INTO schedules_fired VALUES (?, ?, ?)", name, due, seq);
      const old = `DELETE FROM schedules_fired WHERE name = ? AND due NOT IN (
        SELECT due FROM schedules_fired WHERE name = ? ORDER BY seq DESC LIMIT ?)`;
      db.run(old, name, name, LIMITS.scheduleFiredKept);
      break;
    }
    case "schedule.missed": {
      const sql = "UPDATE schedules SET until = ?, missed = ?, why = ?, claimed = 0 WHERE name = ?";
      db.run(sql, body.until, body.missed, JSON.stringify(body.why), body.name);
      break;
    }
    case "schedule.held":
      db.run("UPDATE schedules SET why = ? WHERE name = ?", JSON.stringify(body.why), body.name);
      break;
    default:
      break;
  }
}

/** A schedule with how far it has come. */
export interface Kept extends Mark {
  readonly schedule: Schedule;
  /** Where it was saved on the record: another one where it was saved again. */
  readonly seq: number;
  /** The run it began last. */
  readonly run: string | null;
  /** True where that run was claimed since it was saved, and may not have begun. */
  readonly claimed: boolean;
  /** Times that passed beside the last. */
  readonly missed: number;
  /** Why times passed, or it waits, as was written down last. */
  readonly why: Failure | null;
}

/** All schedules of the home, by name. */
export function schedulesIn(journal: Journal): readonly Kept[] {
  return journal.view(SCHEDULES, (db) => {
    const fired = new Map<string, Set<number>>();
    for (const { name, due } of db.all("SELECT name, due FROM schedules_fired")) {
      const known = fired.get(String(name)) ?? new Set();
      fired.set(String(name), known.add(Number(due)));
    }
    return db
      .all("SELECT * FROM schedules ORDER BY name")
      .map((row) => keptOf(row, fired.get(String(row["name"])) ?? new Set()));
  });
}

/** One schedule, or null. */
export function scheduleIn(journal: Journal, name: string): Kept | null {
  return schedulesIn(journal).find(({ schedule }) => schedule.name === name) ?? null;
}

function keptOf(row: Record<string, SqlValue>, fired: ReadonlySet<number>): Kept {
  const { run, why, due } = row;
  return {
    schedule: JSON.parse(String(row["schedule"])) as Schedule,
    seq: Number(row["seq"]),
    until: Number(row["until"]),
    due: due === null ? null : Number(due),
    run: run === null ? null : String(run),
    claimed: row["claimed"] === 1,
    missed: Number(row["missed"]),
    why: why === null ? null : (JSON.parse(String(why)) as Failure),
    fired: (one) => fired.has(one),
  };
}
