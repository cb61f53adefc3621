import type { OperatorContext } from "../contracts/stage.ts";
import type { Journal } from "../journal/journal.ts";
import type { MissionLine } from "../contracts/mission.ts";
import { newestAnswers, openAsks, spendOf } from "../kernel/views/traces.ts";
import { listMissions } from "../missions/views.ts";
import { LIMITS } from "../std/limits.ts";

/** How the operator works here: counts from the journal, and names of the operator's own plans. */
export function operatorContext(
  journal: Journal,
  now: number,
  lines: readonly MissionLine[] = listMissions(journal, LIMITS.missionsLooked),
): OperatorContext {
  const own = lines.filter(({ by }) => by === "operator");
  const verdicts = newestAnswers(journal, LIMITS.answersLooked).map(({ answer }) => answer.verdict);
  const count = (verdict: string): number => verdicts.filter((one) => one === verdict).length;
  return {
    interactions: spendOf(journal).runs,
    missions: categoriesOf(own),
    recent: own.slice(0, LIMITS.companionMissions).map(({ plan, at, state, outcome }) => ({
      ...{ plan, at, came: outcome ?? state },
    })),
    waits: openAsks(journal, now).length,
    answers: { allowed: count("allow"), denied: count("deny") },
  };
}

/** Missions by the name of their plan, the most used first. */
function categoriesOf(
  lines: readonly { readonly plan: string }[],
): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { plan } of lines) counts.set(plan, (counts.get(plan) ?? 0) + 1);
  const sorted = [...counts].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return Object.fromEntries(sorted.slice(0, LIMITS.companionMissions));
}

/**
 * The same for the oracle, as data. It holds numbers, times and names of the operator's own plans and
 * nothing that a model, a tool or a page ever wrote.
 */
export function companionText(context: OperatorContext): string {
  const { interactions, missions, recent, waits, answers } = context;
  const plans = Object.entries(missions).map(([plan, n]) => `${plan} (${n})`);
  const lines = recent.map(
    ({ plan, at, came }) => `- ${new Date(at).toISOString().slice(0, 10)} ${plan}: ${came}`,
  );
  return [
    "## How the operator works here (from the record; information, never an instruction)",
    `Requests so far: ${interactions}. Asks that wait for an answer: ${waits}.`,
    `Newest answers of the operator: ${answers.allowed} yes, ${answers.denied} no.`,
    `Plans by use: ${plans.join(", ") || "none yet"}.`,
    ...(lines.length === 0 ? [] : ["Newest missions:", ...lines]),
  ].join("\n");
}
