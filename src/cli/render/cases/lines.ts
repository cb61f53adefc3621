import type { CaseResult } from "../../../contracts/skill.ts";
import { type Line, span } from "../line.ts";

/** Cases one by one with why they fail, and how many did. */
export function caseLines(results: readonly CaseResult[]): readonly Line[] {
  const failed = results.filter(({ failures }) => failures.length > 0);
  return [
    ...results.flatMap(({ file, failures }): Line[] => [
      [failures.length === 0 ? span("passed ", "green") : span("failed ", "red"), file],
      ...failures.map((why): Line => `  ${why}`),
    ]),
    [span(`${results.length - failed.length} passed, ${failed.length} failed`, "dim")],
  ];
}
