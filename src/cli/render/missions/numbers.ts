import type { MissionNumbers } from "../../../contracts/stage.ts";
import { plainText } from "../../../std/text.ts";
import { type Line, span } from "../line.ts";
import { fields } from "../table.ts";
import { cost, count, duration, shortCount } from "../words.ts";

/** A mission's numbers; what there is none of is not named. */
export function numberLines(numbers: MissionNumbers): readonly Line[] {
  const { run, outcome, steps, asked, ms, tokens } = numbers;
  const rows: readonly (readonly [string, string])[] = [
    ["steps", `${steps.all}: ${tally(steps.kinds)}`],
    ["verdicts", tally(numbers.verdicts)],
    ["failures", tally(numbers.failures)],
    ["asked", asked.all === 0 ? "" : `${asked.all}: ${tally(asked.about)}`],
    ["answers", tally(asked.answers)],
    ["tasks", tally(numbers.tasks)],
    ["checks", tally(numbers.checks)],
    ["recoveries", tally(numbers.recoveries)],
    ["worked", ms.worked === null ? "" : duration(ms.worked)],
    ["tokens", tokens === null ? "" : shortCount(tokens)],
    ["cost", numbers.cost === null ? "not known" : cost(numbers.cost)],
  ];
  return [
    [span(plainText(run), "bold"), `  ${outcome ?? "not ended"}, ${count(steps.all, "step")}`],
    ...fields(rows.filter(([, text]) => text !== "")),
  ];
}

function tally(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, n]) => `${n} ${plainText(name)}`)
    .join(", ");
}
