import { expect, test } from "bun:test";
import type { Journal } from "../../journal/journal.ts";
import { deskOf, idOf, thinking, type Thinking } from "./testing/thinking.ts";

/** A home that stays open reads each entry of its thoughts once. */

/** The same home, with every entry that is read of a chain counted. */
function counting(made: Thinking): { readonly desk: Thinking["desk"]; read(): number } {
  let entries = 0;
  const journal: Journal = {
    ...made.journal,
    chain: function* (run, from) {
      for (const one of made.journal.chain(run, from)) {
        entries += 1;
        yield one;
      }
    },
  };
  return {
    desk: deskOf({ ...made.world, journal }),
    read: () => {
      const was = entries;
      entries = 0;
      return was;
    },
  };
}

test("what was read is not read again, what is new is, and what was erased is gone", async () => {
  const made = thinking();
  const ids: string[] = [];
  for (let i = 0; i < 100; i++) {
    ids.push(await idOf(made, { is: "prediction", chance: 60 }, `it rains on day ${i}`));
  }
  const { desk, read } = counting(made);
  const first = desk.status();
  const whole = read();
  expect(whole).toBeGreaterThan(200);
  expect(desk.status()).toEqual(first);
  // The newest entry alone: the chain goes on from it.
  expect(read()).toBeLessThanOrEqual(4);
  await idOf(made, { is: "settlement", of: ids[0] ?? "", came: "yes" });
  expect(desk.status().predictions).toMatchObject({ noted: 100, open: 99 });
  expect(read()).toBeLessThanOrEqual(8);
  await made.desk.forget(ids[1] ?? "");
  expect(desk.show(ids[1] ?? "").texts).toBe(null);
  // Another process comes to the same.
  expect(desk.status()).toEqual(counting(made).desk.status());
});
