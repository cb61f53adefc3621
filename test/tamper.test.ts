import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { openJournal } from "../src/journal/open.ts";
import { systemClock } from "../src/std/clock.ts";
import { NanosError } from "../src/std/error.ts";
import { systemRandom } from "../src/std/random.ts";
import { openVault } from "../src/vault/vault.ts";
import {
  flipped,
  machineOf,
  restore,
  type StoredRow,
  storedRows,
  tamper,
} from "./support/journal-file.ts";
import { type Person, person, type Result } from "./support/nanos.ts";

/** A body of its own file: more than what fits a row. */
const LONG = `A long answer: ${"so it is ".repeat(8_000)}`;

const SCRIPT = `turns:
  - calls:
      - { name: notes_append, args: { note: plan, section: Today, text: one more line } }
  - say: ${JSON.stringify(LONG)}
`;

let me: Person;
let machine = "";
let rows: readonly StoredRow[] = [];

beforeAll(async () => {
  me = person();
  machine = machineOf(me.userHome);
  await me.nanos("init", "--from", "indie-developer");
  expect((await me.nanos("run", "tidy today's notes")).code).toBe(0);
  fs.writeFileSync(join(me.userHome, ".nano-os", "models", "long.yaml"), SCRIPT);
  await me.nanos("model", "add", "long", "--adapter", "script", "--file", "models/long.yaml");
  await me.nanos("model", "use", "long");
  expect((await me.nanos("run", "write a line and tell me all")).code).toBe(0);
  await me.nanos("model", "use", "recorded");
  const waits = "What's new in the React 19 RC, and update the dashboard notes";
  expect((await me.nanos("run", waits)).code).toBe(3);
  expect((await me.nanos("trace", "verify")).code).toBe(0);
  rows = storedRows(machine);
  expect(fs.readdirSync(join(machine, "journal", "bodies")).length).toBeGreaterThan(0);
}, 60_000);

afterAll(() => me[Symbol.dispose]());

/** The home as it was left, as another person's whose machine state may be damaged. */
function another(): Person & { readonly machine: string } {
  const copy = person();
  fs.cpSync(join(me.userHome, ".nano-os"), join(copy.userHome, ".nano-os"), { recursive: true });
  return { ...copy, machine: machineOf(copy.userHome) };
}

describe("one change to the ground, and `trace verify` is exit 1 with its place", () => {
  const row = (kind: "first" | "middle" | "last"): StoredRow => {
    const at = { first: 0, middle: Math.floor(rows.length / 2), last: rows.length - 1 }[kind];
    const found = rows[at];
    if (!found) throw new Error("the journal is empty");
    return found;
  };
  const names = ({ seq, run, hash }: StoredRow): RegExp =>
    new RegExp(`event ${seq}\\b.*${run}.*${hash}`, "isu");
  const bodies = (): string => join("journal", "bodies");
  const onlyBody = (): string => join(bodies(), fs.readdirSync(join(machine, bodies()))[0] ?? "");
  const vaultFile = (): string => vaultFiles(machine)[0] ?? "";
  const damage = (file: string, at: number) => (dir: string) => {
    const path = join(dir, file);
    fs.writeFileSync(path, flipped(fs.readFileSync(path), at));
  };
  const remove = (file: string) => (dir: string) => fs.rmSync(join(dir, file));

  const cases: readonly [string, () => [(dir: string) => void, RegExp]][] = [
    ["a byte of an event's text", () => [inRow(row("middle"), -2), names(row("middle"))]],
    ["a byte of the newest event", () => [inRow(row("last"), -2), names(row("last"))]],
    [
      "a byte of a body's file",
      () => [damage(onlyBody(), 40_000), /event \d+.*hash [0-9a-f]{64}/isu],
    ],
    [
      "a body's file is gone",
      () => [remove(onlyBody()), /event \d+.*bodies\/\d+.*hash [0-9a-f]{64}/isu],
    ],
    [
      "a byte of a vault file",
      () => [damage(vaultFile(), 7), new RegExp(nameOf(vaultFile()), "u")],
    ],
    ["a vault file is gone", () => [remove(vaultFile()), new RegExp(nameOf(vaultFile()), "u")]],
    [
      "an event is deleted",
      () => [sql(`DELETE FROM events WHERE seq = ${row("middle").seq}`), missing(row("middle"))],
    ],
    [
      "the last events are deleted",
      () => [sql(`DELETE FROM events WHERE seq > ${row("last").seq - 3}`), /event \d+ of r/isu],
    ],
    [
      "a whole run is deleted, with its chain",
      () => [
        sql(`DELETE FROM events WHERE chain = 2; DELETE FROM chains WHERE id = 2`),
        /event \d+ .*missing/isu,
      ],
    ],
    [
      "a chain's head is moved back, which hides its newest events",
      () => [sql("UPDATE chains SET head = head - 2 WHERE id = 2"), new RegExp(runOf(2), "u")],
    ],
    [
      "two events change places",
      () => [
        sql(
          "UPDATE events SET seq = -1 WHERE seq = 4; UPDATE events SET seq = 4 WHERE seq = 5; UPDATE events SET seq = 5 WHERE seq = -1",
        ),
        /event [45]\b/iu,
      ],
    ],
    ["a trigger is gone", () => [sql("SELECT 1", "events_update"), /events_update.*missing/u]],
    ["the file is cut", () => [cut, /journal/u]],
  ];
  for (const [name, make] of cases) {
    test(
      name,
      async () => {
        using copy = another();
        const [damageIt, says] = make();
        damageIt(copy.machine);
        const result = await copy.nanos("trace", "verify");
        expect(said(result)).toMatch(says);
        expect(result.code).toBe(1);
      },
      30_000,
    );
  }

  const missing = ({ seq }: StoredRow): RegExp => new RegExp(`event ${seq} is missing`, "iu");
  const runOf = (chain: number): string =>
    rows.filter(({ run }) => run !== "home")[chain - 2]?.run ?? "";
});

test("a look at a damaged journal takes nothing away that a repair would need", async () => {
  using copy = another();
  const bodies = join(copy.machine, "journal", "bodies");
  const before = fs.readdirSync(bodies);
  const long = Number(before[0]);
  tamper(
    copy.machine,
    `DELETE FROM events WHERE seq >= ${long}; UPDATE chains SET head = 1; UPDATE mark SET upto = 1`,
  );
  await copy.nanos("trace", "verify");
  await copy.nanos("trace", "list");
  expect(fs.readdirSync(bodies)).toEqual(before);
}, 30_000);

/**
 * A byte may stay unnoticed only where it carries nothing: free space of a page, what SQLite keeps
 * for itself, who holds a lease. That is proven by reading everything and comparing.
 */
describe("any byte of journal.db is found, or everything still reads the same", () => {
  const bytesOf = (every: readonly number[]): void => {
    const copy = join(me.userHome, "copy");
    fs.cpSync(join(machine, "journal"), copy, { recursive: true });
    const file = join(copy, "journal.db");
    const original = join(machine, "journal", "journal.db");
    const bytes = fs.readFileSync(original);
    const before = everything(copy);
    expect(before).not.toBe("found");
    const unnoticed: [number, string][] = [];
    for (const at of every) {
      fs.writeFileSync(file, flipped(bytes, at));
      const after = everything(copy);
      if (after !== "found" && after !== before) unnoticed.push([at, after.slice(0, 80)]);
      restore(original, file);
      keepBodies(copy);
    }
    fs.rmSync(copy, { recursive: true });
    expect(unnoticed).toEqual([]);
  };

  test("every 97th", () => {
    const { size } = fs.statSync(join(machine, "journal", "journal.db"));
    bytesOf(Array.from({ length: Math.ceil(size / 97) }, (_, i) => i * 97));
  }, 60_000);

  test("all of the file's head, of chains and of how far they are known", () => {
    bytesOf([...range(0, 100), ...cellsWith("home"), ...cellsWith(rows[5]?.run ?? "")]);
  }, 60_000);

  test("all bytes of three events and their bodies are found, and the event is named", () => {
    const copy = join(me.userHome, "copy");
    fs.cpSync(join(machine, "journal"), copy, { recursive: true });
    const file = join(copy, "journal.db");
    const bytes = fs.readFileSync(file);
    const small = rows.filter(({ from, to }) => to - from < 900);
    const three = [small[0], small[Math.floor(small.length / 2)], small.at(-1)];
    for (const row of three) {
      if (!row) throw new Error("no small events");
      let named = 0;
      for (let at = row.from; at < row.to; at++) {
        fs.writeFileSync(file, flipped(bytes, at));
        const found = verified(copy);
        expect({ at, found: found !== null }).toEqual({ at, found: true });
        if (found === row.seq) named += 1;
        keepBodies(copy);
      }
      // A byte that says how the row is laid out may make the file itself unreadable.
      expect(named / (row.to - row.from)).toBeGreaterThan(0.9);
    }
    fs.rmSync(copy, { recursive: true });
  }, 60_000);
});

test("any byte of a body's file and of every vault file is found", () => {
  const copy = join(me.userHome, "copy");
  fs.cpSync(machine, copy, { recursive: true });
  const each = (file: string, isFound: () => boolean): void => {
    const bytes = fs.readFileSync(file);
    for (let at = 0; at < bytes.length; at += 997) {
      fs.writeFileSync(file, flipped(bytes, at));
      expect({ file, at, found: isFound() }).toEqual({ file, at, found: true });
    }
    fs.writeFileSync(file, bytes);
  };
  const bodies = join(copy, "journal", "bodies");
  for (const name of fs.readdirSync(bodies)) {
    each(join(bodies, name), () => verified(join(copy, "journal")) === Number(name));
  }
  const vault = openVault(join(copy, "vault"));
  expect(vaultFiles(copy).length).toBeGreaterThan(0);
  for (const file of vaultFiles(copy)) {
    each(join(copy, file), () => {
      const found = vault.verify();
      return !found.ok && found.hash === nameOf(file);
    });
  }
  expect(vault.verify().ok).toBe(true);
  fs.rmSync(copy, { recursive: true });
}, 60_000);

describe("views are nothing but views", () => {
  const run = (): string => rows.find(({ run: name }) => name !== "home")?.run ?? "";
  const lists = async (who: Person): Promise<readonly unknown[]> => {
    const commands = [
      ["trace", "list", "--children", "--limit", "100"],
      ["trace", "show", run()],
      ["approvals", "list"],
      ["grant", "list"],
      ["model", "list"],
    ];
    const results: unknown[] = [];
    for (const command of commands) {
      const { code, out } = await who.nanos(...command, "--json");
      expect(code).toBe(0);
      results.push(
        JSON.parse(out.replaceAll(who.userHome, "HOME").replaceAll(me.userHome, "HOME")),
      );
    }
    return results;
  };
  const spoilt: readonly [string, (file: string) => void][] = [
    ["deleted", (file) => fs.rmSync(file)],
    ["garbage", (file) => fs.writeFileSync(file, "no database at all ".repeat(4_000))],
    ["empty", (file) => fs.writeFileSync(file, "")],
    ["cut", (file) => fs.truncateSync(file, 6_000)],
    [
      "half of it garbage",
      (file) => {
        const bytes = fs.readFileSync(file);
        fs.writeFileSync(file, bytes.fill(0xa5, Math.floor(bytes.length / 2)));
      },
    ],
    ["with somebody's log beside it", (file) => fs.writeFileSync(`${file}-wal`, "x".repeat(9_000))],
  ];
  let whole: Promise<readonly unknown[]> | null = null;
  test("there is something to list", async () => {
    const [traces, , asks] = await (whole ??= lists(me));
    expect((traces as unknown[]).length).toBeGreaterThan(2);
    expect((asks as unknown[]).length).toBe(1);
  }, 30_000);
  for (const [name, spoil] of spoilt) {
    test(`views.db ${name}: every list is the same, row for row`, async () => {
      using copy = another();
      const before = await (whole ??= lists(me));
      spoil(join(copy.machine, "journal", "views.db"));
      expect(await lists(copy)).toEqual(before as unknown[]);
      expect((await copy.nanos("trace", "verify")).code).toBe(0);
    }, 30_000);
  }
});

/** Everything a reader gets out of a journal, or that it was found damaged. */
function everything(dir: string): string {
  try {
    const journal = open(dir);
    try {
      if (!journal.verify().ok) return "found";
      const all = [...journal.since(0, { bodies: true })];
      const runs = [...new Set(all.map(({ event }) => event.run))];
      return JSON.stringify([all, runs.map((run) => [journal.head(run), ...journal.chain(run)])]);
    } finally {
      journal.close();
    }
  } catch (error) {
    // Anything else is not for a person to read.
    return error instanceof NanosError ? "found" : `bug: ${String(error)}`;
  }
}

/** The event verify names, 0 when it names the file alone, null when it found nothing. */
function verified(dir: string): number | null {
  try {
    const journal = open(dir);
    try {
      const found = journal.verify();
      return found.ok ? null : (found.seq ?? 0);
    } finally {
      journal.close();
    }
  } catch (error) {
    if (error instanceof NanosError) return 0;
    throw error;
  }
}

function open(dir: string): ReturnType<typeof openJournal> {
  return openJournal({ dir, clock: systemClock, random: systemRandom });
}

/** Bodies a look may have taken for leftovers come back. */
function keepBodies(copy: string): void {
  const from = join(machine, "journal", "bodies");
  for (const name of fs.readdirSync(from)) {
    if (!fs.existsSync(join(copy, "bodies", name))) {
      fs.copyFileSync(join(from, name), join(copy, "bodies", name));
    }
  }
}

/** Files of the vault that hold a content, as paths in the machine folder. */
function vaultFiles(dir: string): readonly string[] {
  return fs
    .readdirSync(join(dir, "vault"), { recursive: true })
    .map(String)
    .filter((path) => /[0-9a-f]{64}$/u.test(path))
    .map((path) => join("vault", path));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function said({ out, err }: Result): string {
  return `${out}${err}`;
}

function inRow(row: StoredRow, fromEnd: number): (dir: string) => void {
  return (dir) => {
    const file = join(dir, "journal", "journal.db");
    fs.writeFileSync(file, flipped(fs.readFileSync(file), row.to + fromEnd));
  };
}

function sql(statements: string, trigger?: string): (dir: string) => void {
  return (dir) => tamper(dir, statements, trigger);
}

function cut(dir: string): void {
  const file = join(dir, "journal", "journal.db");
  fs.truncateSync(file, fs.statSync(file).size - 4_096);
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Every byte of the small rows that hold the name of a run: its chain's, not an event's. */
function cellsWith(run: string): readonly number[] {
  const bytes = fs.readFileSync(join(machine, "journal", "journal.db"));
  const found: number[] = [];
  for (let at = bytes.indexOf(run); at !== -1; at = bytes.indexOf(run, at + 1)) {
    if (!rows.some(({ from, to }) => from <= at && at < to)) {
      found.push(...range(at - 8, at + run.length + 4));
    }
  }
  return found;
}
