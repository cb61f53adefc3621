import type { Opinion } from "../../../contracts/agent.ts";
import type { CaseResult } from "../../../contracts/skill.ts";
import { plainText } from "../../../std/text.ts";
import { type Line, span } from "../line.ts";

/** Cases one by one with why they fail, and how many did. */
export function caseLines(
  results: readonly (CaseResult & { readonly opinion?: Opinion })[],
): readonly Line[] {
  const failed = results.filter(({ failures }) => failures.length > 0);
  return [
    ...results.flatMap(({ file, failures, opinion }): Line[] => [
      [failures.length === 0 ? span("passed ", "green") : span("failed ", "red"), file],
      ...failures.map((why): Line => `  ${why}`),
      ...(opinion ? [[span(`  ${opinionWords(opinion)}`, "dim")] as Line] : []),
    ]),
    [span(`${results.length - failed.length} passed, ${failed.length} failed`, "dim")],
  ];
}

/** A model's opinion, said to be one. */
export function opinionWords(opinion: Opinion): string {
  if ("failure" in opinion) return `opinion: none; ${plainText(opinion.failure)}`;
  const { by, responsiveness, quality, consistency, tools, why } = opinion;
  const scores = `responsiveness ${responsiveness}, quality ${quality}, consistency ${consistency}, tools ${tools}`;
  return `opinion of ${by}, of 5: ${scores}. ${plainText(why).replaceAll(/\s+/gu, " ")}`;
}
