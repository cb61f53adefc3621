import { expect, test } from "bun:test";
import { HOME_CHAIN } from "../../contracts/chain.ts";
import type { Journal } from "../../journal/journal.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Vault } from "../../vault/vault.ts";
import { evidenceDesk } from "../evidence/desk.ts";
import { begin } from "../runner.ts";
import { EVENTFUL, evidenceLab, eventful } from "../testing/evidence-lab.ts";
import { traceDesk } from "./traces.ts";

/** What clients ask for again and again costs the journal's reading once in a while. */

test("a verification is told again for a while, and made anew after that", async () => {
  using home = evidenceLab(EVENTFUL);
  const run = await eventful(home);
  const { made, world } = home;
  let verified = 0;
  const journal: Journal = {
    ...world.journal,
    verify: (one) => {
      verified += 1;
      return world.journal.verify(one);
    },
  };
  const vault = { verify: () => ({ ok: true }), has: () => true } as unknown as Vault;
  const traces = traceDesk({ ...world, journal, vault, dir: null });
  const first = traces.verified();
  expect(first).toMatchObject({ ok: true, events: made.journal.size() });
  expect(traces.verified(run)).toMatchObject({ ok: true });
  for (let i = 0; i < 50; i++) expect(traces.verified()).toBe(first);
  expect(verified).toBe(2);
  // Whoever asks at the terminal has all of it read, always.
  expect(traces.verify()).toEqual(first);
  expect(verified).toBe(3);
  made.clock.advance(LIMITS.verifyKeptMs);
  expect(traces.verified()).toEqual(first);
  expect(verified).toBe(4);
  for (let i = 0; i < 2 * LIMITS.verifyKept; i++) traces.verified(`r${i}`);
  expect(traces.verified()).toEqual(first);
  expect(verified).toBe(5 + 2 * LIMITS.verifyKept);
});

test("the newest checkpoint is read from where it stands, and no entry before it", async () => {
  using home = evidenceLab({ script: { turns: [{ say: "done", once: false }] } });
  const { world } = home;
  expect(evidenceDesk(world).points(1)).toEqual([]);
  for (let i = 0; i < 20; i++) await (await begin(world, { text: "go" })).done;
  const read: number[] = [];
  const journal: Journal = {
    ...world.journal,
    chain: function* (run, from) {
      for (const one of world.journal.chain(run, from)) {
        read.push(one.event.seq);
        yield one;
      }
    },
  };
  const [newest, ...others] = evidenceDesk({ ...world, journal }).points(1);
  expect(others).toEqual([]);
  expect(newest).toMatchObject({ kind: "log.checkpointed" });
  expect(read).toEqual([world.journal.head(HOME_CHAIN)?.seq ?? 0]);
  const three = evidenceDesk(world).points(3);
  expect(three.map(({ seq }) => seq)).toEqual(
    three.map(({ seq }) => seq).toSorted((a, b) => b - a),
  );
  expect([three.length, three[0]]).toEqual([3, newest ?? three[0]]);
});
