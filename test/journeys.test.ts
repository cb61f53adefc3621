import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { JOURNEYS } from "./journeys/list.ts";
import { forkedEverywhere } from "./support/forked.ts";
import { walked } from "./support/journey.ts";
import { person } from "./support/nanos.ts";

/** Every journey from `init` to receipt, and its page against what is seen on the way. */

const ROOT = join(import.meta.dirname, "..");
const PAGES = join(ROOT, "docs/journeys");

test.each(JOURNEYS.map((journey) => [journey.name, journey] as const))(
  "%s goes as its page says",
  async (name, journey) => {
    using me = person();
    const page = await walked(journey, me);
    // A page is written anew by `npm run journeys`.
    expect(page).toBe(readFileSync(join(PAGES, `${name}.md`), "utf8"));
    // What was recorded on the way is reproduced from the record, and can be left at any step.
    const folders = ["", "greeter"].map((folder) => join(me.userHome, folder));
    const { runs, forks, left } = await forkedEverywhere(
      me,
      folders.filter((folder) => existsSync(folder)),
    );
    expect(forks + left.length).toBeGreaterThanOrEqual(runs);
    // What worked in a copy of a repository is begun anew, as the copy is gone.
    expect(left.filter((one) => !one.endsWith(" fork.tree"))).toEqual([]);
  },
  120_000,
);

test("every page is a journey's, every journey has its file, and every starter has a journey", () => {
  const names = JOURNEYS.map(({ name }) => name).toSorted();
  expect(readdirSync(PAGES).toSorted()).toEqual(names.map((name) => `${name}.md`));
  const files = readdirSync(join(import.meta.dirname, "journeys"));
  expect(files.toSorted()).toEqual([...names, "list"].map((name) => `${name}.ts`).toSorted());
  const starters = readdirSync(join(ROOT, "starters"));
  expect(starters.filter((name) => !names.includes(name))).toEqual([]);
});
