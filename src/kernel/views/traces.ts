import type { Recorded } from "../../contracts/drive.ts";
import { HOME_CHAIN } from "../../contracts/chain.ts";
import type { AttentionLine } from "../../contracts/cognition/reading.ts";
import type { Spend } from "../../contracts/stage.ts";
import type { TraceLine, TraceWish } from "../../contracts/trace.ts";
import type { Answer, Ask } from "../../contracts/run.ts";
import type { Usage } from "../../contracts/usage.ts";
import type { Journal, SqlValue, ViewSpec, ViewWriter } from "../../journal/journal.ts";

/**
 * Fast questions about the journal: which runs there are, which asks are open. Everything here is
 * derived; deleting the file loses nothing.
 */
const TRACES: ViewSpec = {
  name: "traces",
  version: 8,
  tables: `
    CREATE TABLE traces (
      run TEXT PRIMARY KEY, parent TEXT, agent TEXT NOT NULL, request TEXT NOT NULL,
      at INTEGER NOT NULL, state TEXT NOT NULL, outcome TEXT,
      steps INTEGER NOT NULL, tokens INTEGER NOT NULL, cost REAL, rehearsal INTEGER NOT NULL,
      own REAL NOT NULL, after TEXT NOT NULL, fork TEXT, client TEXT
    ) STRICT;
    CREATE INDEX traces_at ON traces (at DESC);
    CREATE TABLE trace_steps (
      step TEXT PRIMARY KEY, run TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
      agent TEXT NOT NULL, at INTEGER NOT NULL, verdict TEXT, reason TEXT, rank TEXT,
      status TEXT NOT NULL, isolation TEXT, ms INTEGER
    ) STRICT;
    CREATE INDEX trace_steps_run ON trace_steps (run);
    CREATE INDEX trace_steps_at ON trace_steps (at);
    CREATE TABLE asks (id TEXT PRIMARY KEY, run TEXT NOT NULL, at INTEGER NOT NULL,
      open INTEGER NOT NULL, ask TEXT NOT NULL) STRICT;
    CREATE INDEX asks_at ON asks (at);
    CREATE TABLE answers (id TEXT PRIMARY KEY, state TEXT NOT NULL, answer TEXT NOT NULL) STRICT;
  `,
  apply,
};

/** Runs, newest first. */
export function listTraces(journal: Journal, wish: TraceWish): readonly TraceLine[] {
  const { limit = 50, children = false, client = null, before = null, words = null } = wish;
  const which = children ? "" : "parent IS NULL AND ";
  const going = wish.going ? "state <> 'ended' AND " : "";
  const sql = `SELECT * FROM traces WHERE ${which}${going}(?1 IS NULL OR client = ?1)
    AND (?2 IS NULL OR (at, run) < (SELECT at, run FROM traces WHERE run = ?2))
    AND (?3 IS NULL OR instr(lower(request || ' ' || agent || ' ' || run), lower(?3)) > 0)
    ORDER BY at DESC, run DESC LIMIT ?4`;
  const rows = journal.view(TRACES, (db) => db.all(sql, client, before, words, limit));
  return rows.map((row) => lineIn(journal, row));
}

/** Runs of an agent that ended, newest first; rehearsals are none. */
export function runsBy(journal: Journal, agent: string, limit: number): readonly string[] {
  const sql = `SELECT run FROM traces WHERE agent = ? AND state = 'ended' AND rehearsal = 0
    ORDER BY at DESC, run DESC LIMIT ?`;
  return journal.view(TRACES, (db) => db.all(sql, agent, limit)).map((row) => String(row["run"]));
}

/**
 * What all runs used. A run says in its end what it cost with those it delegated to; of one that goes
 * on or waits, what its own answers and theirs cost so far is counted. Tokens are each run's own.
 */
export function spendOf(journal: Journal): Spend {
  const sql = `SELECT sum(parent IS NULL) AS runs, total(tokens) AS tokens,
    total(iif(ended, iif(parent IS NULL, cost, 0), own)) AS cost,
    sum(parent IS NULL AND cost IS NULL) AS unpriced
    FROM (SELECT one.parent, one.tokens, one.cost, one.own, top.state = 'ended' AS ended
      FROM traces one JOIN traces top
      ON top.run = substr(one.run, 1, instr(one.run || '_', '_') - 1))`;
  const [row] = journal.view(TRACES, (db) => db.all(sql));
  const of = (name: keyof Spend): number => Number(row?.[name] ?? 0);
  return { runs: of("runs"), tokens: of("tokens"), cost: of("cost"), unpriced: of("unpriced") };
}

/** What agents used since a time, and each ask of then with how long it waited, or null. */
export function usedSince(
  journal: Journal,
  since: number,
): {
  readonly by: readonly AttentionLine[];
  readonly asks: readonly { readonly ms: number | null }[];
} {
  const runs = `SELECT agent, count(*) AS runs, total(tokens) AS tokens FROM traces
    WHERE at >= ? AND rehearsal = 0 GROUP BY agent`;
  const steps = `SELECT agent, sum(kind = 'tool') AS calls, total(iif(kind = 'model', ms, 0)) AS modelMs,
    total(iif(kind = 'tool', ms, 0)) AS toolMs FROM trace_steps WHERE at >= ? GROUP BY agent`;
  const sql = `SELECT ${FIELDS.map((name) => `total(${name}) AS ${name}`).join(", ")}, agent
    FROM (SELECT agent, runs, tokens, 0 AS calls, 0 AS modelMs, 0 AS toolMs FROM (${runs})
      UNION ALL SELECT agent, 0, 0, calls, modelMs, toolMs FROM (${steps})) GROUP BY agent`;
  const asked = `SELECT asks.at, json_extract(answers.answer, '$.at') AS answered FROM asks
    LEFT JOIN answers ON answers.id = asks.id WHERE asks.at >= ?`;
  return journal.view(TRACES, (db) => ({
    by: db.all(sql, since, since).map((row) => {
      const of = (name: (typeof FIELDS)[number]): number => Number(row[name]);
      const [calls, modelMs, toolMs] = [of("calls"), of("modelMs"), of("toolMs")];
      return {
        ...{ agent: String(row["agent"]), runs: of("runs"), tokens: of("tokens") },
        ...{ calls, modelMs, toolMs },
      };
    }),
    asks: db.all(asked, since).map(({ at, answered }) => ({
      ms: answered === null ? null : Math.max(0, Number(answered) - Number(at)),
    })),
  }));
}

const FIELDS = ["runs", "tokens", "calls", "modelMs", "toolMs"] as const;

/** One run; null when there is none. */
export function traceLine(journal: Journal, run: string): TraceLine | null {
  const sql = "SELECT * FROM traces WHERE run = ?";
  const [row] = journal.view(TRACES, (db) => db.all(sql, run));
  return row === undefined ? null : lineIn(journal, row);
}

function lineIn(journal: Journal, row: Record<string, SqlValue>): TraceLine {
  return {
    run: String(row["run"]),
    parent: row["parent"] === null ? null : String(row["parent"]),
    agent: String(row["agent"]),
    request: String(row["request"]),
    at: Number(row["at"]),
    state: stateOf(journal, row),
    outcome: row["outcome"] === null ? null : String(row["outcome"]),
    steps: Number(row["steps"]),
    tokens: Number(row["tokens"]),
    cost: row["cost"] === null ? null : Number(row["cost"]),
    after: JSON.parse(String(row["after"])) as string[],
    ...(row["rehearsal"] === 1 ? { rehearsal: true as const } : {}),
    ...(row["fork"] === null ? {} : { fork: String(row["fork"]) }),
    ...(row["client"] === null ? {} : { client: String(row["client"]) }),
  };
}

/** A run nobody carries any more and that has not ended was interrupted. */
function stateOf(journal: Journal, row: Record<string, SqlValue>): TraceLine["state"] {
  const state = String(row["state"]);
  if (state !== "running") return state === "waiting" ? "waiting" : "ended";
  const carried = journal.carried(
    row["parent"] === null ? String(row["run"]) : topRun(String(row["run"])),
  );
  return carried ? "running" : "interrupted";
}

/** `RUN_2_1` is a part of `RUN`. */
export function topRun(run: string): string {
  return run.split("_", 1)[0] ?? run;
}

/** The ranks of steps, as far as they were judged. */
export function ranksOf(journal: Journal, steps: readonly string[]): ReadonlyMap<string, string> {
  const sql = `SELECT step, rank FROM trace_steps WHERE step = ?`;
  const rows = journal.view(TRACES, (db) => steps.flatMap((step) => db.all(sql, step)));
  return new Map(rows.map((row) => [String(row["step"]), String(row["rank"])]));
}

/** Asks not answered and not expired, newest first. */
export function openAsks(journal: Journal, now: number): readonly Ask[] {
  const sql = "SELECT ask FROM asks WHERE open = 1 ORDER BY at DESC";
  return journal
    .view(TRACES, (db) => db.all(sql))
    .map((row) => JSON.parse(String(row["ask"])) as Ask)
    .filter((ask) => ask.expires > now);
}

/** An ask by its id, open or not; null when there never was one. */
export function storedAsk(journal: Journal, id: string): Ask | null {
  const rows = journal.view(TRACES, (db) => db.all("SELECT ask FROM asks WHERE id = ?", id));
  const text = rows[0]?.["ask"];
  return text === undefined ? null : (JSON.parse(String(text)) as Ask);
}

/** An answer of the operator, and whether it was used or taken back. */
export interface StoredAnswer {
  readonly answer: Answer;
  readonly state: "given" | "used" | "revoked";
}

/** The first answer of that id: the operator's to an ask, or one given beforehand; or null. */
export function storedAnswer(journal: Journal, id: string): StoredAnswer | null {
  const sql = "SELECT answer, state FROM answers WHERE id = ?";
  const [row] = journal.view(TRACES, (db) => db.all(sql, id));
  return row === undefined ? null : answerIn(row);
}

/** The operator's answers, newest first, with the asks they answer; null for those given before. */
export function newestAnswers(
  journal: Journal,
  limit: number,
): readonly (StoredAnswer & { readonly ask: Ask | null })[] {
  const sql = `SELECT answers.answer, answers.state, asks.ask FROM answers LEFT JOIN asks
    ON asks.id = answers.id ORDER BY answers.rowid DESC LIMIT ?`;
  return journal
    .view(TRACES, (db) => db.all(sql, limit))
    .map((row) => ({
      ...answerIn(row),
      ask: row["ask"] === null ? null : (JSON.parse(String(row["ask"])) as Ask),
    }));
}

function answerIn(row: Record<string, SqlValue>): StoredAnswer {
  const state = String(row["state"]) as StoredAnswer["state"];
  return { state, answer: JSON.parse(String(row["answer"])) as Answer };
}

function apply(db: ViewWriter, recorded: Recorded): void {
  const { event, body } = recorded;
  if (event.run !== HOME_CHAIN) countStep(db, recorded);
  switch (event.kind) {
    case "run.started": {
      const started = body?.kind === "run.started" ? body : null;
      db.run(
        "INSERT OR IGNORE INTO traces VALUES (?, ?, ?, ?, ?, 'running', NULL, 0, 0, 0, ?, 0, ?, ?, ?)",
        event.run,
        parentOf(event.run),
        started?.agent ?? ERASED,
        started?.request ?? ERASED,
        event.at,
        started?.rehearsal ? 1 : 0,
        JSON.stringify(started?.after ?? []),
        started?.fork?.step ?? null,
        started?.client ?? null,
      );
      break;
    }
    case "run.waiting":
      db.run("UPDATE traces SET state = 'waiting' WHERE run = ?", event.run);
      break;
    case "run.resumed":
      db.run("UPDATE traces SET state = 'running' WHERE run = ?", event.run);
      break;
    case "run.ended": {
      const end = body?.kind === "run.ended" ? body.end : null;
      db.run(
        "UPDATE traces SET state = 'ended', outcome = ?, cost = ? WHERE run = ?",
        end?.outcome ?? null,
        end?.usage.cost ?? null,
        event.run,
      );
      db.run("UPDATE asks SET open = 0 WHERE run = ?", event.run);
      break;
    }
    default:
      applyAsk(db, recorded);
  }
}

/** What stands where a body was erased. */
const ERASED = "(erased)";

/** `RUN_2` is a part of `RUN`; null for a run of its own. */
function parentOf(run: string): string | null {
  const cut = run.lastIndexOf("_");
  return cut < 0 ? null : run.slice(0, cut);
}

function applyAsk(db: ViewWriter, { event, body }: Recorded): void {
  switch (body?.kind) {
    case "approval.asked":
      db.run(
        "INSERT OR IGNORE INTO asks VALUES (?, ?, ?, 1, ?)",
        body.ask.id,
        event.run,
        event.at,
        JSON.stringify(body.ask),
      );
      break;
    case "approval.answered":
    case "approval.given":
      db.run(
        "INSERT OR IGNORE INTO answers VALUES (?, 'given', ?)",
        body.answer.id,
        JSON.stringify(body.answer),
      );
      db.run("UPDATE asks SET open = 0 WHERE id = ?", body.answer.id);
      break;
    case "approval.used":
      db.run("UPDATE asks SET open = 0 WHERE id = ?", body.id);
      db.run("UPDATE answers SET state = 'used' WHERE id = ?", body.id);
      break;
    case "approval.revoked":
      db.run("UPDATE answers SET state = 'revoked' WHERE id = ? AND state = 'given'", body.id);
      break;
    case "approval.expired":
      db.run("UPDATE asks SET open = 0 WHERE id = ?", body.id);
      break;
    default:
      break;
  }
}

function countStep(db: ViewWriter, { event, body }: Recorded): void {
  if (event.step === null) return;
  if (body === null) return countErased(db, event);
  switch (body.kind) {
    case "action.proposed":
      db.run(
        "INSERT OR IGNORE INTO trace_steps VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, NULL, 'open', NULL, NULL)",
        event.step,
        event.run,
        body.action.kind,
        body.action.name,
        body.action.agent,
        event.at,
      );
      db.run("UPDATE traces SET steps = steps + 1 WHERE run = ?", event.run);
      break;
    case "action.judged": {
      const { verdict, reason, rank } = body.decision;
      db.run(
        "UPDATE trace_steps SET verdict = ?, reason = ?, rank = ? WHERE step = ?",
        verdict,
        reason,
        rank,
        event.step,
      );
      break;
    }
    case "action.settled":
      settle(db, event.step, body.outcome.status, event.isolation, body.ms);
      // A program that thinks for itself says what it used.
      if (body.outcome.status !== "denied") countUse(db, event.run, body.outcome.used);
      break;
    case "model.answered":
      settle(db, event.step, answerStatus(body), event.isolation, body.ms);
      countUse(db, event.run, body.usage);
      break;
    default:
      break;
  }
}

function countUse(db: ViewWriter, run: string, used: Usage | undefined): void {
  if (!used) return;
  const sql = "UPDATE traces SET tokens = tokens + ?, own = own + ? WHERE run = ?";
  db.run(sql, used.input + used.output, used.cost ?? 0, run);
}

/** That there was a step, and that it ended, can be told without its words. */
function countErased(db: ViewWriter, { kind, step, run, at, isolation }: Recorded["event"]): void {
  if (kind === "action.proposed") {
    db.run(
      "INSERT OR IGNORE INTO trace_steps VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, NULL, 'open', NULL, NULL)",
      ...[step, run, ERASED, ERASED, ERASED, at],
    );
    db.run("UPDATE traces SET steps = steps + 1 WHERE run = ?", run);
  }
  if (kind !== "action.settled" && kind !== "model.answered") return;
  const sql = "UPDATE trace_steps SET status = 'erased', isolation = ? WHERE step = ?";
  db.run(sql, isolation, step);
}

function answerStatus(body: { readonly failure?: unknown; readonly finish: string }): string {
  if (!body.failure) return "done";
  return body.finish === "cancelled" ? "cancelled" : "failed";
}

function settle(
  db: ViewWriter,
  step: string,
  status: string,
  isolation: string | null,
  ms: number,
): void {
  const sql = "UPDATE trace_steps SET status = ?, isolation = ?, ms = ? WHERE step = ?";
  db.run(sql, status, isolation, ms, step);
}
