import type { Recorded } from "../../contracts/drive.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { DayStatus } from "../../contracts/stage.ts";
import type { DayUse, Usage } from "../../contracts/usage.ts";
import { COUNTED } from "../../gate/layers/budget.ts";
import type { Journal, ViewSpec, ViewWriter } from "../../journal/journal.ts";
import { dayStart, localZone, QUARTER_MS } from "../../std/clock.ts";
import type { Facts, World } from "../world.ts";

/**
 * What was used when, by quarters of an hour, so that a day of any zone is a sum of a hundred rows;
 * and what is set aside for steps that go on, which count in full until they are settled. A step
 * that was cut off keeps what was set aside for it, on the day it began. Derived; deleting the file
 * loses nothing.
 */
const DAY: ViewSpec = {
  name: "day",
  version: 2,
  kinds: ["action.proposed", "action.judged", "action.settled", "model.answered"],
  tables: `
    CREATE TABLE day (
      quarter INTEGER PRIMARY KEY, calls INTEGER NOT NULL, tokens INTEGER NOT NULL, nanos INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE day_open (
      step TEXT PRIMARY KEY, quarter INTEGER NOT NULL, tokens INTEGER NOT NULL, nanos INTEGER NOT NULL,
      counted INTEGER NOT NULL
    ) STRICT;`,
  apply: (db, { event, body }: Recorded) => {
    if (body && event.step !== null) apply(db, event.step, event.at, body);
  },
};

function apply(db: ViewWriter, step: string, at: number, body: EventBody): void {
  switch (body.kind) {
    case "action.proposed": {
      const { kind } = body.action;
      if (kind !== "model" && !COUNTED.has(kind)) return;
      const { tokens = 0, cost = 0 } = body.day?.takes ?? {};
      const sql = "INSERT OR IGNORE INTO day_open VALUES (?, ?, ?, ?, 0)";
      db.run(sql, step, Math.floor(at / QUARTER_MS), tokens, nanosOf(cost ?? 0));
      break;
    }
    case "action.judged": {
      const open = openOn(db, step);
      if (open === null) return;
      if (body.decision.verdict === "deny") return release(db, open, open.counted ? -1 : 0);
      if (open.counted) return;
      add(db, open, 1, 1);
      db.run("UPDATE day_open SET counted = 1 WHERE step = ?", step);
      break;
    }
    case "action.settled": {
      const { outcome } = body;
      if (outcome.status === "denied") settle(db, step, at, { used: undefined, calls: -1 });
      else if (outcome.used) settle(db, step, at, { used: outcome.used, calls: 0 });
      else keep(db, step);
      break;
    }
    case "model.answered":
      if (!body.usage && (!body.failure || body.uncounted)) keep(db, step);
      else settle(db, step, at, { used: body.usage, calls: 0 });
      break;
    default:
      break;
  }
}

interface Open {
  readonly step: string;
  readonly quarter: number;
  readonly tokens: number;
  /** Billionths of a US dollar: sums of them come back to nothing. */
  readonly nanos: number;
  readonly counted: boolean;
}

function openOn(db: ViewWriter, step: string): Open | null {
  const [row] = db.all("SELECT * FROM day_open WHERE step = ?", step);
  if (!row) return null;
  const { quarter, tokens, nanos, counted } = row;
  return {
    ...{ step, quarter: Number(quarter), tokens: Number(tokens), nanos: Number(nanos) },
    counted: counted === 1,
  };
}

/** What did not count may have used all that was set aside for it. */
function keep(db: ViewWriter, step: string): void {
  db.run("DELETE FROM day_open WHERE step = ?", step);
}

/** What it really used takes the place of what was set aside. */
function settle(
  db: ViewWriter,
  step: string,
  at: number,
  { used, calls }: { readonly used: Usage | undefined; readonly calls: number },
): void {
  const open = openOn(db, step);
  if (open) release(db, open, open.counted ? calls : 0);
  if (!used) return;
  const quarter = open?.quarter ?? Math.floor(at / QUARTER_MS);
  const nanos = used.cost === undefined ? (open?.nanos ?? 0) : nanosOf(used.cost);
  add(db, { quarter, tokens: used.input + used.output, nanos }, 0, 1);
}

function release(db: ViewWriter, open: Open, calls: number): void {
  if (open.counted) add(db, open, calls, -1);
  db.run("DELETE FROM day_open WHERE step = ?", open.step);
}

/** Adds so many calls, and the rest once or, to take it back, less once. */
function add(
  db: ViewWriter,
  { quarter, tokens, nanos }: Pick<Open, "quarter" | "tokens" | "nanos">,
  calls: number,
  times: 1 | -1,
): void {
  const sql = `INSERT INTO day VALUES (?, ?, ?, ?) ON CONFLICT (quarter) DO UPDATE SET
    calls = calls + excluded.calls, tokens = tokens + excluded.tokens, nanos = nanos + excluded.nanos`;
  db.run(sql, quarter, calls, times * tokens, times * nanos);
}

function nanosOf(cost: number): number {
  return Math.round(cost * 1e9);
}

/** What was used since the day of `now` began in the zone, with what is set aside. */
export function usedToday(journal: Journal, now: number, zone: string): DayUse {
  const from = dayStart(now, zone) / QUARTER_MS;
  const sql =
    "SELECT total(calls) AS calls, total(tokens) AS tokens, total(nanos) AS nanos FROM day WHERE quarter >= ?";
  const [row] = journal.view(DAY, (db) => db.all(sql, from));
  const sum = (name: "calls" | "tokens" | "nanos"): number => Number(row?.[name] ?? 0);
  return { calls: sum("calls"), tokens: sum("tokens"), cost: sum("nanos") / 1e9 };
}

/** How the day stands; null where the home has no limit for one. */
export function dayOf(
  { day: limit }: Pick<Facts, "day">,
  { journal, clock }: Pick<World, "journal" | "clock">,
): DayStatus | null {
  if (limit === undefined) return null;
  return { limit, used: usedToday(journal, clock.now(), limit.zone ?? localZone()) };
}
