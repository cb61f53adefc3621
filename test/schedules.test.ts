import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ScheduleLine } from "../src/contracts/schedule.ts";
import { systemClock } from "../src/std/clock.ts";
import { type Person, person } from "./support/nanos.ts";

setDefaultTimeout(120_000);

/** Schedules of a real home: several processes, one of them killed, and rules that change. */

const PLAN = `name: sum
description: Adds.
tasks:
  - { id: a, tool: calculate, args: { expression: "1+1" } }
`;

/** Saves one for a moment that comes soon; on a slow machine for a later one. */
async function add(me: Person, name: string): Promise<void> {
  for (let ms = 1_000; ; ms *= 2) {
    const at = new Date(systemClock.now() + ms).toISOString().slice(0, 19);
    const what = ["--at", at, "--zone", "UTC", "--plan", join(me.userHome, "sum.yaml")];
    const { code, err } = await me.nanos("schedule", "add", name, ...what);
    if (err.includes("schedule.never")) continue;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    return;
  }
}

async function listed(me: Person): Promise<readonly ScheduleLine[]> {
  return JSON.parse((await me.nanos("schedule", "list", "--json")).out) as ScheduleLine[];
}

async function missions(me: Person): Promise<readonly { readonly outcome: string | null }[]> {
  return JSON.parse((await me.nanos("mission", "list", "--json")).out) as [];
}

test("two that watch begin it once; killed at its beginning it is carried on, and begun no second time", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  writeFileSync(join(me.userHome, "sum.yaml"), PLAN);
  await add(me, "first");
  const both = [me.begin(["watch"]), me.begin(["watch"])];
  // Whichever it was: both are killed as soon as one of them has begun it.
  await Promise.race(both.map((one) => one.until("▸ schedule first")));
  for (const one of both) one.kill("SIGKILL");
  await Promise.all(both.map(({ ended }) => ended));
  const watching = me.begin(["watch"]);
  while (!(await missions(me)).some(({ outcome }) => outcome !== null)) continue;
  expect(await missions(me)).toMatchObject([{ outcome: "succeeded" }]);
  expect(await listed(me)).toMatchObject([{ name: "first", state: "over", passed: 0 }]);
  watching.kill("SIGINT");
  expect((await watching.ended).code).toBe(0);
});

test("one whose plan was changed waits, and says so wherever one looks", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  writeFileSync(join(me.userHome, "sum.yaml"), PLAN);
  await add(me, "sum");
  writeFileSync(join(me.userHome, "sum.yaml"), PLAN.replace("1+1", "6*7"));
  const watching = me.begin(["watch"]);
  await watching.until("not answered schedule sum");
  expect(await missions(me)).toEqual([]);
  const said = "Changed since it was saved: plan.";
  expect((await me.nanos("approvals")).out.replaceAll(/\s+/gu, " ")).toContain(said);
  expect((await me.nanos("status")).out).toContain("1 held; 1 time missed");
  expect(await listed(me)).toMatchObject([{ state: "held", why: { message: said } }]);
  watching.kill("SIGINT");
  expect((await watching.ended).code).toBe(0);
});

test("servers begin it as well, whichever is there, and once", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  writeFileSync(join(me.userHome, "sum.yaml"), PLAN);
  const both = [me.begin(["serve", "--port", "0"]), me.begin(["serve", "--port", "0"])];
  for (const one of both) await one.until("listening on ");
  await add(me, "served");
  await Promise.race(both.map((one) => one.until('"state":"begun"')));
  while (!(await missions(me)).some(({ outcome }) => outcome !== null)) continue;
  expect(await missions(me)).toMatchObject([{ outcome: "succeeded" }]);
  for (const one of both) {
    one.kill("SIGTERM");
    expect((await one.ended).code).toBe(0);
  }
});
