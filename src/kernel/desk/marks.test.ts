import { expect, test } from "bun:test";
import type { Config, Grant } from "../../contracts/config.ts";
import { fakeClock } from "../../std/clock.ts";
import { marksFor } from "./marks.ts";

test("a mark holds for what it was given to, in its workspace, until it ends", () => {
  const clock = fakeClock();
  const until = clock.now() + 1_000;
  const grant = { skill: "peek", unconfined: "code", expires: until } as Grant;
  const config = { unconfined: [{ tool: "shout", workspace: "/ws" }] } as unknown as Config;
  const marked = marksFor(config, "/ws", () => [grant], clock);
  const now = (): readonly boolean[] => [
    marked("shout", null),
    marked("peek", null),
    marked("peek", "code"),
    marked("peek", "other code"),
    marked("shout", "code"),
  ];
  expect(now()).toEqual([true, false, true, false, false]);
  clock.advance(1_000);
  expect(now()).toEqual([true, false, false, false, false]);
  const none = marksFor({ ...config, allow: { unconfined: false } }, "/ws", () => [grant], clock);
  expect([none("shout", null), none("peek", "code")]).toEqual([false, false]);
  expect(marksFor(config, "/other", () => [], clock)("shout", null)).toBe(false);
});
