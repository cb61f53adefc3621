import { clientOf, type Key, type KeyUse } from "../../contracts/http/key.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { Budget, DayUse } from "../../contracts/usage.ts";
import type { Journal, ViewSpec, ViewWriter } from "../../journal/journal.ts";
import { dayStart, localZone } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import type { World } from "../world.ts";

/**
 * What each key's runs used; of a run that has not ended, all that it may use. So several at once use
 * no more together than there is, and one that was cut off keeps what was set aside for it. Derived;
 * deleting the file loses nothing.
 */
const USED: ViewSpec = {
  name: "key_use",
  version: 1,
  kinds: ["run.started", "run.ended"],
  tables: `
    CREATE TABLE key_use (
      run TEXT PRIMARY KEY, client TEXT NOT NULL, at INTEGER NOT NULL, calls INTEGER NOT NULL,
      tokens INTEGER NOT NULL, nanos INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX key_use_client ON key_use (client, at);`,
  apply,
};

function apply(db: ViewWriter, { event, body }: Recorded): void {
  if (body?.kind === "run.started" && body.client !== undefined) {
    const { calls, tokens, cost = 0 } = body.budget;
    const row = [event.run, body.client, event.at, calls, tokens, nanosOf(cost)];
    db.run("INSERT OR IGNORE INTO key_use VALUES (?, ?, ?, ?, ?, ?)", ...row);
  }
  if (body?.kind !== "run.ended") return;
  const { actions, calls, input, output, cost } = body.end.usage;
  const sql = "UPDATE key_use SET calls = ?, tokens = ?, nanos = ? WHERE run = ?";
  db.run(sql, actions ?? calls, input + output, nanosOf(cost ?? 0), event.run);
}

/** Billionths of a US dollar: sums of them come out even. */
function nanosOf(cost: number): number {
  return Math.round(cost * 1e9);
}

/** What a key used in its life and today, with what is set aside for its runs that go on. */
export function usedBy(
  { journal, clock }: Pick<World, "journal" | "clock">,
  key: Pick<Key, "id">,
): KeyUse {
  const from = dayStart(clock.now(), localZone());
  return {
    total: usedSince(journal, clientOf(key), 0),
    day: usedSince(journal, clientOf(key), from),
  };
}

function usedSince(journal: Journal, client: string, from: number): DayUse {
  const sql = `SELECT total(calls) AS calls, total(tokens) AS tokens, total(nanos) AS nanos
    FROM key_use WHERE client = ? AND at >= ?`;
  const [row] = journal.view(USED, (db) => db.all(sql, client, from));
  const sum = (name: "calls" | "tokens" | "nanos"): number => Number(row?.[name] ?? 0);
  return { calls: sum("calls"), tokens: sum("tokens"), cost: sum("nanos") / 1e9 };
}

/** The most one more run of a key may use. */
export type Room = Partial<Pick<Budget, "calls" | "tokens" | "cost">>;

// key.spent: What the key may use is used up. -> Make another with more, or wait for the next day: nanos key new --help.
/** @throws NanosError `key.spent` where nothing is left. */
export function roomFor(world: Pick<World, "journal" | "clock">, key: Key): Room {
  const used = usedBy(world, key);
  const room: { -readonly [K in keyof Room]: number } = {};
  for (const when of ["total", "day"] as const) {
    for (const what of ["calls", "tokens", "cost"] as const) {
      const most = key[when]?.[what];
      if (most === undefined) continue;
      const left = most - used[when][what];
      if (left <= 0) throw spent(key, when, what);
      room[what] = Math.min(room[what] ?? Number.POSITIVE_INFINITY, left);
    }
  }
  return room;
}

function spent({ id }: Key, when: keyof KeyUse, what: "calls" | "tokens" | "cost"): NanosError {
  const [of, next] =
    when === "day"
      ? ["for today", "Come back tomorrow, or once what goes on has ended."]
      : ["", "Make another: nanos key new; or wait until what goes on has ended."];
  const name = what === "cost" ? "money" : what;
  const message = `Key ${id} has no ${name} left ${of}`.trimEnd();
  return new NanosError("key.spent", `${message}.`, next);
}
