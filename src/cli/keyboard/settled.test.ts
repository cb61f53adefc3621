import { expect, test } from "bun:test";
import { fakeClock } from "../../std/clock.ts";
import { SETTLE_MS, settling } from "./settled.ts";

/** Which keys count, each pressed so many milliseconds after the one before, or the card. */
function check(waits: readonly number[], counts: readonly boolean[]): void {
  const clock = fakeClock();
  const meant = settling(clock);
  const found: boolean[] = [];
  for (const ms of waits) {
    clock.advance(ms);
    found.push(meant());
  }
  expect(found).toEqual([...counts]);
}

test("keys of somebody who was typing when a card appeared answer nothing", () => {
  check([0, 120, 300, SETTLE_MS - 1, SETTLE_MS], [false, false, false, false, true]);
  check([SETTLE_MS, 0, 1], [true, true, true]);
});
