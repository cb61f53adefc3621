/**
 * `npm run journeys`: walks every journey of test/journeys and writes docs/journeys/*.md from what
 * was seen. `test/journeys.test.ts` walks them again and fails when a page differs.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { JOURNEYS } from "../test/journeys/list.ts";
import { walked } from "../test/support/journey.ts";
import { person } from "../test/support/nanos.ts";
import { ROOT } from "./machine.ts";

const folder = join(ROOT, "docs/journeys");
mkdirSync(folder, { recursive: true });
const wanted = process.argv.slice(2);
for (const journey of JOURNEYS) {
  if (wanted.length > 0 && !wanted.includes(journey.name)) continue;
  using me = person();
  writeFileSync(join(folder, `${journey.name}.md`), await walked(journey, me));
  console.log(`docs/journeys/${journey.name}.md`);
}
