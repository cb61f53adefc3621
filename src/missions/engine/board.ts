import type { Recorded } from "../../contracts/drive.ts";
import type { Mission, RunPlace, Signal, Standing } from "../../contracts/engine.ts";
import type { Failure } from "../../contracts/outcome.ts";
import { Answer } from "../../contracts/run.ts";
import type { Journal, SqlValue, ViewSpec, ViewWriter } from "../../journal/journal.ts";
import { note } from "../../kernel/desk/note.ts";
import { storedAnswer, storedAsk, topRun } from "../../kernel/views/traces.ts";
import { NanosError } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";

/**
 * The board: which missions there are and what each needs to go on, read from the journal. It is a
 * view like any other, so an engine keeps nothing of its own that a crash could take.
 *
 * `since` is the event a mission was last begun or resumed with: what came before it was seen by
 * whoever carried it then, so only a later signal takes it on.
 */
const BOARD: ViewSpec = {
  name: "board",
  version: 2,
  kinds: [
    "engine.submitted",
    "engine.moved",
    "engine.signalled",
    "engine.blocked",
    "approval.answered",
    "run.cancel_requested",
    "run.started",
    "run.resumed",
    "run.waiting",
    "run.ended",
  ],
  tables: `
    CREATE TABLE board (
      run TEXT PRIMARY KEY, place INTEGER NOT NULL, queue TEXT NOT NULL, mission TEXT NOT NULL,
      state TEXT NOT NULL, since INTEGER NOT NULL, waits TEXT NOT NULL, until INTEGER,
      cancel INTEGER NOT NULL, said TEXT, engine TEXT NOT NULL
    ) STRICT;
    CREATE INDEX board_queue ON board (engine, state, queue, place);
    CREATE TABLE board_signals (
      run TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, signal TEXT NOT NULL,
      PRIMARY KEY (run, name)
    ) STRICT;`,
  apply,
};

function apply(db: ViewWriter, { event, body }: Recorded): void {
  const { seq, run } = event;
  switch (body?.kind) {
    case "engine.submitted": {
      const { mission, engine = LOCAL } = body;
      db.run(
        "INSERT OR IGNORE INTO board VALUES (?, ?, ?, ?, 'queued', 0, '[]', NULL, 0, NULL, ?)",
        ...[mission.run, seq, mission.queue, JSON.stringify(mission), engine],
      );
      break;
    }
    case "engine.moved":
      db.run("UPDATE board SET engine = ? WHERE run = ?", body.to, body.run);
      break;
    case "engine.signalled":
      keep(db, body.run, seq, body.signal);
      break;
    case "approval.answered": {
      const { ask, answer } = body;
      keep(db, topRun(ask.run), seq, { name: ask.id, payload: answer as Json, by: answer.by });
      break;
    }
    case "run.cancel_requested":
      db.run("UPDATE board SET cancel = 1 WHERE run = ?", body.run);
      break;
    case "engine.blocked": {
      const blocked = "UPDATE board SET state = 'blocked', said = ? WHERE run = ?";
      db.run(blocked, JSON.stringify(body.why), body.run);
      break;
    }
    case "run.started":
    case "run.resumed":
      db.run("UPDATE board SET state = 'running', since = ? WHERE run = ?", seq, run);
      break;
    case "run.waiting": {
      const { asks, signals = [], until = null } = body;
      const names = JSON.stringify([...asks.map(({ id }) => id), ...signals]);
      const waits = "UPDATE board SET state = 'waiting', waits = ?, until = ? WHERE run = ?";
      db.run(waits, names, until, run);
      break;
    }
    case "run.ended":
      end(db, run, body.end.outcome);
      break;
    default:
      // How it ended was erased, not that it did.
      if (event.kind === "run.ended") end(db, run, "erased");
  }
}

function end(db: ViewWriter, run: string, outcome: string): void {
  db.run("UPDATE board SET state = 'ended', said = ? WHERE run = ?", outcome, run);
}

function keep(db: ViewWriter, run: string, seq: number, signal: Signal): void {
  const sql = "INSERT OR IGNORE INTO board_signals VALUES (?, ?, ?, ?)";
  db.run(sql, run, signal.name, seq, JSON.stringify(signal));
}

/** What belongs to this place, or was written down before places were; two values. */
const HERE = `(json_extract(mission, '$.place') IS NULL OR (
  json_extract(mission, '$.place.workspace') = ? AND
  ifnull(json_extract(mission, '$.place.arrangement') = ?, 1)))`;

/** What can go on now: not begun, interrupted or carried by another, called, or its time has come. */
const DUE = `engine = 'local' AND (state IN ('queued', 'running', 'blocked') OR (state = 'waiting' AND (
  cancel = 1 OR until <= ? OR EXISTS (
    SELECT 1 FROM board_signals s WHERE s.run = board.run AND s.seq > board.since
      AND s.name IN (SELECT value FROM json_each(board.waits))))))`;

/** The engine of this machine. */
export const LOCAL = "local";

/** A mission that can go on. */
export interface Due {
  readonly mission: Mission;
  readonly cancelled: boolean;
}

/** Missions of this place that can go on now, oldest first, at most `most` of one queue. */
export function dueOn(
  journal: Journal,
  now: number,
  { place, queue, most }: { place?: RunPlace | undefined; queue: string; most: number },
): readonly Due[] {
  const sql = `SELECT mission, cancel FROM board WHERE ${DUE} AND ${HERE} AND queue = ? ORDER BY place LIMIT ?`;
  return journal
    .view(BOARD, (db) => db.all(sql, now, ...valuesOf(place), queue, most))
    .map((row) => ({
      mission: JSON.parse(String(row["mission"])) as Mission,
      cancelled: row["cancel"] === 1,
    }));
}

/** Queues with something of this place that can go on now. */
export function dueQueues(journal: Journal, now: number, place?: RunPlace): readonly string[] {
  const sql = `SELECT DISTINCT queue FROM board WHERE ${DUE} AND ${HERE}`;
  return journal
    .view(BOARD, (db) => db.all(sql, now, ...valuesOf(place)))
    .map((row) => String(row["queue"]));
}

function valuesOf(place: RunPlace | undefined): readonly SqlValue[] {
  return [place?.workspace ?? null, place?.arrangement ?? null];
}

/** When the next mission's time comes, in milliseconds since 1970; null when none waits for it. */
export function nextTime(journal: Journal, now: number): number | null {
  const sql =
    "SELECT min(until) AS until FROM board WHERE engine = 'local' AND state = 'waiting' AND until > ?";
  const until = journal.view(BOARD, (db) => db.all(sql, now))[0]?.["until"];
  return typeof until === "number" ? until : null;
}

/** Missions that have not ended, oldest first, each with its engine. */
export function openOn(
  journal: Journal,
): readonly { readonly mission: Mission; readonly engine: string }[] {
  const sql = "SELECT mission, engine FROM board WHERE state <> 'ended' ORDER BY place";
  return journal
    .view(BOARD, (db) => db.all(sql))
    .map((row) => ({
      mission: JSON.parse(String(row["mission"])) as Mission,
      engine: String(row["engine"]),
    }));
}

/** The engine a mission was given to; null for a run that is none. */
export function engineOf(journal: Journal, run: string): string | null {
  const engine = rowOf(journal, run)?.["engine"];
  return typeof engine === "string" ? engine : null;
}

/** True when it is on the board. */
export function isKnown(journal: Journal, run: string): boolean {
  return rowOf(journal, run) !== null;
}

/** How it stands with a mission. @throws NanosError `engine.unknown`. */
export function standingOf(journal: Journal, run: string): Standing {
  const row = rowOf(journal, run);
  if (!row) throw unknown(run);
  const said = String(row["said"]);
  switch (row["state"]) {
    case "waiting": {
      const signals = JSON.parse(String(row["waits"])) as string[];
      return { state: "waiting", signals, until: row["until"] as number | null };
    }
    case "blocked":
      return { state: "blocked", why: JSON.parse(said) as Failure };
    case "ended":
      return { state: "ended", outcome: said };
    case "queued":
      return { state: journal.carried(run) ? "running" : "queued" };
    default:
      return { state: journal.carried(run) ? "running" : "interrupted" };
  }
}

/** A mission by its run. @throws NanosError `engine.unknown`. */
export function missionOn(journal: Journal, run: string): Mission {
  const row = rowOf(journal, run);
  if (!row) throw unknown(run);
  return JSON.parse(String(row["mission"])) as Mission;
}

/** The first signal of each name, oldest first. */
export function signalsTo(journal: Journal, run: string): readonly Signal[] {
  const sql = "SELECT signal FROM board_signals WHERE run = ? ORDER BY seq";
  return journal
    .view(BOARD, (db) => db.all(sql, run))
    .map((row) => JSON.parse(String(row["signal"])) as Signal);
}

/** The first signal of that name, or null. */
export function signalTo(journal: Journal, run: string, name: string): Signal | null {
  const sql = "SELECT signal FROM board_signals WHERE run = ? AND name = ?";
  const [row] = journal.view(BOARD, (db) => db.all(sql, run, name));
  return row ? (JSON.parse(String(row["signal"])) as Signal) : null;
}

/** Missions of an engine that were blocked. */
export function blockedOn(journal: Journal, engine: string): readonly string[] {
  const sql = "SELECT run FROM board WHERE engine = ? AND state = 'blocked'";
  return journal.view(BOARD, (db) => db.all(sql, engine)).map((row) => String(row["run"]));
}

/**
 * Puts a mission on the board, or moves it there to another engine; nothing where it is already.
 *
 * @throws NanosError `engine.full`.
 */
export async function put(journal: Journal, mission: Mission, engine = LOCAL): Promise<void> {
  const { run } = mission;
  const row = rowOf(journal, run);
  if (row?.["engine"] === engine) return;
  if (row) return note(journal, { kind: "engine.moved", run, to: engine });
  const sql =
    "SELECT count(*) AS n FROM board WHERE state IN ('queued', 'running', 'waiting', 'blocked')";
  const open = Number(journal.view(BOARD, (db) => db.all(sql))[0]?.["n"]);
  if (open >= LIMITS.missions) {
    throw new NanosError(
      "engine.full",
      `${open} missions are under way or wait, and no more are taken.`,
      "Let some end, or cancel what is not needed: nanos cancel RUN",
    );
  }
  await note(journal, { kind: "engine.submitted", mission, engine });
}

/** Writes down a signal, unless there is one of its name. @throws NanosError `engine.unknown`. */
export async function give(journal: Journal, run: string, signal: Signal): Promise<void> {
  if (!isKnown(journal, run)) throw unknown(run);
  if (signalTo(journal, run, signal.name)) return;
  await note(journal, { kind: "engine.signalled", run, signal });
}

/**
 * Writes down a signal another home was given. One that answers an ask is the operator's answer, and
 * counts like any other: with their signature, for the exact arguments.
 */
export async function take(journal: Journal, run: string, signal: Signal): Promise<void> {
  const ask = storedAsk(journal, signal.name);
  const answer = ask && Answer.safeParse(signal.payload);
  if (!ask || !answer?.success) return give(journal, run, signal);
  if (storedAnswer(journal, ask.id)) return;
  await note(journal, { kind: "approval.answered", ask, answer: answer.data });
}

/** Signals this home knows of for missions of an engine that wait for them. */
export function heardOn(
  journal: Journal,
  engine: string,
): readonly { readonly run: string; readonly signal: Signal }[] {
  const sql = `SELECT board.run, signal FROM board JOIN board_signals s ON s.run = board.run
    WHERE engine = ? AND state = 'waiting'
      AND s.name IN (SELECT value FROM json_each(board.waits))`;
  return journal
    .view(BOARD, (db) => db.all(sql, engine))
    .map((row) => ({
      run: String(row["run"]),
      signal: JSON.parse(String(row["signal"])) as Signal,
    }));
}

/** Says what a mission came to a stop at. */
export function block(journal: Journal, run: string, why: Failure): Promise<void> {
  return note(journal, { kind: "engine.blocked", run, why }, "kernel");
}

/** A mission that was never given to this engine. */
export function unknown(run: string): NanosError {
  return new NanosError(
    "engine.unknown",
    `No mission is carried by a run ${run}.`,
    "See them: nanos engine list",
  );
}

function rowOf(journal: Journal, run: string): Record<string, SqlValue> | null {
  return journal.view(BOARD, (db) => db.all("SELECT * FROM board WHERE run = ?", run))[0] ?? null;
}
