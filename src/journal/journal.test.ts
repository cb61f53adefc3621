import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { canonical } from "../std/canonical.ts";
import { fakeClock } from "../std/clock.ts";
import { hashOf, saltedDigest } from "../std/hash.ts";
import type { Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { countingRandom, systemRandom } from "../std/random.ts";
import { GENESIS, HOME_CHAIN } from "../contracts/chain.ts";
import { type Draft, Event } from "../contracts/event.ts";
import type { Ask } from "../contracts/run.ts";
import type { Journal } from "./journal.ts";
import { memoryJournal, openJournal } from "./open.ts";
import {
  childDraft,
  codeOfFailure,
  draft,
  fill,
  inFolder,
  open,
  openAt,
} from "./testing/sample.ts";

type Act = (journal: Journal, clock: ReturnType<typeof fakeClock>) => Promise<void> | void;

/** One claim of the contract, shown for every implementation of the port. */
function contract(claim: string, act: Act): void {
  test(`${claim} (file)`, () =>
    inFolder(async (dir) => {
      const { journal, clock } = openAt(dir);
      await act(journal, clock);
      journal.close();
    }));
  test(`${claim} (memory)`, async () => {
    const clock = fakeClock();
    const journal = memoryJournal({ clock, random: systemRandom });
    await act(journal, clock);
    journal.close();
  });
}

describe("append", () => {
  contract("gives events of the promised shape, hashed over all their fields", async (journal) => {
    const [event] = await journal.append([draft("r1")]);
    expect(Event.parse(event)).toEqual(event!);
    const { hash, ...rest } = event!;
    expect(hash).toBe(hashOf(rest as Json));
    expect(event).toMatchObject({ v: 1, seq: 1, run: "r1", step: "r1.1", kind: "home.created" });
  });

  contract("numbers all events without gaps and links each chain by itself", async (journal) => {
    const events = await journal.append([draft("a"), draft("b"), draft("a"), draft("home")]);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(events.map(({ prev }) => prev)).toEqual([GENESIS, GENESIS, events[0]!.hash, GENESIS]);
  });

  contract("keeps appends of one turn together and in order", async (journal) => {
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => journal.append([draft("a", `${i}`), draft(`r${i}`)])),
    );
    expect(all.flat().map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    const bodies = [...journal.chain("a")].map(({ body }) => body);
    expect(bodies).toEqual(all.map((_, i) => ({ kind: "home.created", version: `${i}` })));
  });

  contract("a run that another delegated to continues that one's chain", async (journal) => {
    const [parent] = await journal.append([draft("r1")]);
    const [child] = await journal.append([childDraft("r2", parent!)]);
    expect(child!.prev).toBe(parent!.hash);
    expect(journal.verify()).toMatchObject({ ok: true, chains: 2 });
  });

  contract(
    "time never goes backwards on a chain, and a draft's own time is kept",
    async (journal, clock) => {
      const at = async (own?: number): Promise<number> =>
        (await journal.append([own === undefined ? draft("r1") : { ...draft("r1"), at: own }]))[0]!
          .at;
      const start = clock.now();
      expect(await at()).toBe(start);
      clock.advance(-500);
      expect(await at()).toBe(start);
      clock.advance(1_000);
      expect(await at()).toBe(start + 500);
      expect(await at(7)).toBe(7);
      expect((await journal.append([draft("r2")]))[0]!.at).toBe(start + 500);
    },
  );

  contract("nothing to append is nothing appended", async (journal) => {
    expect(await journal.append([])).toEqual([]);
    expect(journal.size()).toBe(0);
  });

  contract("takes a copy: what the caller changes later is not written", async (journal) => {
    const asks: Ask[] = [];
    const written = journal.append([draft("r1", { kind: "run.waiting", asks })]);
    asks.push({} as Ask);
    const [event] = await written;
    expect(journal.body(event!)).toEqual({ kind: "run.waiting", asks: [] });
  });

  contract("has limits on events and bytes, and works on after them", async (journal) => {
    const many = Array.from({ length: LIMITS.appendEvents + 1 }, () => draft("r1"));
    expect(await codeOfFailure(() => journal.append(many))).toBe("journal.append_too_large");
    const large = draft("r1", LIMITS.bodyBytes);
    expect(await codeOfFailure(() => journal.append([draft("r1"), large]))).toBe(
      "journal.body_too_large",
    );
    expect(journal.size()).toBe(0);
    await journal.append(many.slice(1));
    expect(journal.size()).toBe(LIMITS.appendEvents);
  });

  contract("more than one commit's worth in a turn is committed at once", async (journal) => {
    const appends = Array.from({ length: 9 }, () =>
      journal.append(Array.from({ length: 128 }, () => draft("r1", 3))),
    );
    expect(journal.size()).toBe(LIMITS.commitEvents);
    await Promise.all(appends);
    expect(journal.size()).toBe(9 * 128);
    const heavy = journal.append([draft("r2", LIMITS.commitBytes)]);
    expect(journal.size()).toBe(9 * 128 + 1);
    await heavy;
  });

  contract("a bug in one append is that one's alone", async (journal) => {
    const bad: Draft[] = [
      { ...draft("r1"), at: 0.5 },
      { ...draft("r1"), run: "\ud800" },
      { ...draft("r1"), step: "nul \0" },
      draft("r1", { kind: "action.settled", ms: Number.NaN } as never),
      childDraft("r2", { run: "r1", hash: "short" } as Event),
    ];
    const results = await Promise.allSettled([
      ...bad.map((one) => journal.append([one])),
      journal.append([draft("r3")]),
    ]);
    expect(results.map(({ status }) => status[0])).toEqual(["r", "r", "r", "r", "r", "f"]);
    expect(journal.verify()).toMatchObject({ ok: true, events: 1 });
  });

  contract(
    "what follows a failed append on its chain in the same turn fails too",
    async (journal) => {
      const results = await Promise.allSettled([
        journal.append([draft("r1", "before")]),
        journal.append([{ ...draft("r1"), at: Number.NaN }]),
        journal.append([draft("r1", "after"), draft("r2", "with it")]),
        journal.append([draft("r2", "also")]),
        journal.append([draft("r3", "apart")]),
      ]);
      expect(results.map(({ status }) => status[0])).toEqual(["f", "r", "r", "r", "f"]);
      await journal.append([draft("r1", "later")]);
      const texts = [...journal.since(0, { bodies: true })].map(({ body }) => body);
      expect(texts).toEqual(
        ["before", "apart", "later"].map((version) => ({ kind: "home.created", version })),
      );
    },
  );
});

describe("reading", () => {
  contract("a chain comes back oldest first, from a number on", async (journal) => {
    await fill(journal);
    const r1 = [...journal.chain("r1")];
    expect(r1.map(({ event }) => event.seq)).toEqual([2, 3, 5]);
    expect([...journal.chain("r1", 3)].map(({ event }) => event.seq)).toEqual([3, 5]);
    expect([...journal.chain("r1", 6)]).toEqual([]);
    expect([...journal.chain("nobody")]).toEqual([]);
    expect(journal.head("r1")).toEqual(r1.at(-1)!.event);
    expect(journal.head("nobody")).toBeNull();
  });

  contract("all chains come back in order, with bodies only when asked", async (journal) => {
    await fill(journal);
    const bare = [...journal.since(2)];
    const whole = [...journal.since(2, { bodies: true })];
    expect(bare.map(({ event }) => event)).toEqual(whole.map(({ event }) => event));
    expect(bare.every(({ body }) => body === null)).toBe(true);
    expect(whole.every(({ body }) => body !== null)).toBe(true);
    expect(bare.length).toBe(journal.size() - 2);
  });

  contract("long reads and appends may alternate", async (journal) => {
    await journal.append(Array.from({ length: 200 }, () => draft("a", 1)));
    await journal.append(Array.from({ length: 200 }, () => draft("a", 1)));
    let read = 0;
    for (const _ of journal.since(0)) {
      read += 1;
      if (read === 100) await journal.append([draft("a", "in between")]);
    }
    expect(read).toBe(401);
    expect([...journal.chain("a")].length).toBe(401);
  });

  contract("the digest of a body is salted, and its length is in bytes", async (journal) => {
    const [one, two] = await journal.append([draft("r1", "é"), draft("r1", "é")]);
    expect(one!.body.digest).not.toBe(two!.body.digest);
    const text = canonical({ kind: "home.created", version: "é" });
    expect(one!.body.bytes).toBe(Buffer.byteLength(text));
    expect(one!.body.digest).not.toBe(saltedDigest("", text));
  });
});

describe("erase", () => {
  contract("removes one body and says so on the home chain", async (journal) => {
    const [event] = await journal.append([draft("r1", "secret words"), draft("r1", "other")]);
    await journal.erase(event!.hash, "asked for");
    expect(journal.body(event!)).toBeNull();
    expect([...journal.chain("r1")].map(({ body }) => body)).toEqual([
      null,
      { kind: "home.created", version: "other" },
    ]);
    const last = journal.head(HOME_CHAIN);
    expect(last?.kind).toBe("body.erased");
    expect(journal.body(last!)).toEqual({
      kind: "body.erased",
      hash: event!.hash,
      why: "asked for",
    });
    expect(journal.verify()).toEqual({ ok: true, events: 3, chains: 2, erased: 1 });
  });

  contract("of the same event twice does nothing more", async (journal) => {
    const [event] = await journal.append([draft("r1")]);
    await Promise.all([journal.erase(event!.hash, "a"), journal.erase(event!.hash, "b")]);
    await journal.erase(event!.hash, "c");
    expect(journal.size()).toBe(2);
    expect(journal.verify()).toMatchObject({ ok: true, erased: 1 });
  });

  contract("refuses what is not there and what proves an erasure", async (journal) => {
    const [event] = await journal.append([draft("r1")]);
    await journal.erase(event!.hash, "asked for");
    const { hash } = journal.head(HOME_CHAIN)!;
    expect(await codeOfFailure(() => journal.erase(hash, "x"))).toBe("journal.not_erasable");
    for (const unknown of ["f".repeat(64), "not hex", ""]) {
      expect(await codeOfFailure(() => journal.erase(unknown, "x"))).toBe("journal.no_such_event");
    }
  });

  contract("takes what views derived from it along", async (journal) => {
    const view = {
      name: "words",
      version: 1,
      tables: "CREATE TABLE words (seq INTEGER, text TEXT)",
      apply: (
        db: { run(sql: string, ...v: (string | number)[]): void },
        { event, body }: { event: Event; body: unknown },
      ) => {
        if (body) db.run("INSERT INTO words VALUES (?, ?)", event.seq, JSON.stringify(body));
      },
    };
    const words = (): number => journal.view(view, (db) => db.all("SELECT * FROM words").length);
    const [event] = await journal.append([draft("r1"), draft("r1")]);
    expect(words()).toBe(2);
    await journal.erase(event!.hash, "asked for");
    expect(words()).toBe(2);
    expect(journal.view(view, (db) => db.all("SELECT seq FROM words"))).toEqual([
      { seq: 2 },
      { seq: 3 },
    ]);
  });

  test("leaves nothing of the body in any file", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      const secret = "correct horse battery staple";
      const [small, large] = await journal.append([
        draft("r1", secret),
        draft("r1", secret.repeat(4000)),
        draft("r1", "kept"),
      ]);
      journal.view(
        {
          name: "v",
          version: 1,
          tables: "CREATE TABLE t (x TEXT)",
          apply: (db, { body }) => db.run("INSERT INTO t VALUES (?)", JSON.stringify(body)),
        },
        () => undefined,
      );
      expect(filesWith(dir, secret)).not.toEqual([]);
      await journal.erase(small!.hash, "asked for");
      await journal.erase(large!.hash, "asked for");
      expect(filesWith(dir, secret)).toEqual([]);
      expect(filesWith(dir, "kept")).not.toEqual([]);
      journal.close();
    }));

  test("finishes what a crash interrupted", () =>
    inFolder(async (dir) => {
      const first = open(dir);
      const [event] = await first.append([draft("r1", 70_000)]);
      const copy = fs.readFileSync(join(dir, "bodies", "1"));
      await first.erase(event!.hash, "asked for");
      first.close();
      // As if the process had died before it removed the file, and another while it wrote one.
      fs.writeFileSync(join(dir, "bodies", "1"), copy);
      fs.writeFileSync(join(dir, "bodies", "3"), copy);
      const again = open(dir);
      expect(fs.readdirSync(join(dir, "bodies"))).toEqual(["3"]);
      // Only a writer takes away what an append left that never came to be.
      await again.append([draft("r1")]);
      expect(fs.readdirSync(join(dir, "bodies"))).toEqual([]);
      again.close();
    }));
});

describe("properties", () => {
  test("any appends to any runs give a journal that verifies and reads back", async () => {
    const appends = fc.array(
      fc.array(fc.record({ run: fc.constantFrom("home", "r1", "r2", "r3"), size: fc.nat(2000) }), {
        maxLength: 4,
      }),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(appends, fc.nat(3), async (groups, awaited) => {
        const journal = memoryJournal({ clock: fakeClock(), random: countingRandom() });
        const pending: Promise<readonly Event[]>[] = [];
        for (const [i, group] of groups.entries()) {
          const written = journal.append(group.map(({ run, size }) => draft(run, size)));
          pending.push(written);
          if (i % (awaited + 1) === 0) await written;
        }
        const events = (await Promise.all(pending)).flat();
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
        expect(journal.verify()).toMatchObject({ ok: true, events: events.length });
        for (const run of ["home", "r1", "r2", "r3"]) {
          const own = events.filter((event) => event.run === run);
          expect([...journal.chain(run)].map(({ event }) => event)).toEqual(own);
          expect(journal.head(run)).toEqual(own.at(-1) ?? null);
        }
        journal.close();
      }),
      { numRuns: 50 },
    );
  });
});

describe("files", () => {
  test("are for the owner alone", () =>
    inFolder(async (dir) => {
      fs.chmodSync(dir, 0o755);
      const journal = openJournal({ dir, clock: fakeClock(), random: systemRandom });
      await fill(journal);
      journal.lease("r1");
      journal.onWake(() => undefined);
      journal.view(
        { name: "v", version: 1, tables: "CREATE TABLE t (x)", apply: () => undefined },
        () => 0,
      );
      const modes = (folder: string): void => {
        expect(fs.statSync(folder).mode & 0o777).toBe(0o700);
        for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
          const path = join(folder, entry.name);
          if (entry.isDirectory()) modes(path);
          else expect([path, fs.statSync(path).mode & 0o777]).toEqual([path, 0o600]);
        }
      };
      modes(dir);
      journal.close();
    }));

  test("what was appended is there for whoever opens it next", () =>
    inFolder(async (dir) => {
      const first = open(dir);
      const events = await fill(first);
      first.close();
      const again = open(dir);
      expect(again.verify()).toMatchObject({ ok: true });
      const [next] = await again.append([draft("r2", "on")]);
      expect(next!.prev).toBe(events.at(-1)!.hash);
      again.close();
      expect(fs.readdirSync(dir).toSorted()).toEqual(["bodies", "journal.db"]);
    }));

  test("a closed journal takes nothing more", () =>
    inFolder(async (dir) => {
      const journal = open(dir);
      const last = journal.append([draft("r1")]);
      journal.close();
      expect((await last).length).toBe(1);
      expect(journal.append([draft("r1")])).rejects.toThrow("closed journal");
      journal.close();
    }));
});

/** Files below `dir` whose bytes hold the text. */
function filesWith(dir: string, text: string): readonly string[] {
  return fs
    .readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => fs.readFileSync(path).includes(text));
}
