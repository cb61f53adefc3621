import type { Evolution, Status, TraitLine } from "../../contracts/stage.ts";
import { type Line, span } from "./line.ts";
import { fields, table } from "./table.ts";
import { fitLine, wrap } from "./width.ts";
import { cost, count, shortCount } from "./words.ts";

/** A home on one page: its stage and what the next one takes, then how everything stands. */
export function statusLines(status: Status, width: number): readonly Line[] {
  const across = Number.isFinite(width) ? width : 100;
  const { evolution, traits } = status;
  return [
    fitLine([span(evolution.stage, "bold"), `  ${standing(evolution)}`], across),
    ...nextWords(evolution).flatMap((text) => wrap(text, across)),
    ...brokenLines(evolution, across),
    "",
    ...fields(rowsOf(status)).map((line) => fitLine(line, across)),
    "",
    ...traitTable(traits, across),
    ...wrap(TRAIT_WORDS, across).map((text): Line => [span(text, "dim")]),
  ];
}

const TRAIT_WORDS =
  "You switch them: nanos trait list. None takes an ask away: what waits for your yes waits at every stage.";

function standing({ xp, proven, failed, rate }: Evolution): string {
  const all = proven + failed;
  const part = all === 0 ? "" : `, ${percent(rate)} of the ${all} that count`;
  return `${xp} XP from ${count(proven, "proven mission")}${part}`;
}

function nextWords({ next }: Evolution): readonly string[] {
  if (next === null)
    return ["There is no further stage. It can be lost again by missions that fail."];
  const { stage, missions, rate, missing } = next;
  const least = rate > 0 ? `, and ${percent(rate)} of those that count proven` : "";
  const why = missing.byRate ? " to make up for those that failed" : "";
  return [
    `${stage} takes ${count(missions, "proven mission")}${least}: ${count(missing.missions, "more", "more")}${why}, if none fails.`,
    "A mission is proven where it succeeded and a check was met, or you said yes to a result.",
  ];
}

function percent(rate: number): string {
  // Never more than it is: what is said to be reached is reached.
  return `${Math.floor(rate * 100 + 1e-9)}%`;
}

function brokenLines({ broken }: Evolution, width: number): readonly Line[] {
  if (broken === 0) return [];
  const text = `${count(broken, "record")} of missions not verified, counted as failed: nanos trace verify`;
  return wrap(text, width).map((line): Line => [span(line, "red")]);
}

function rowsOf(status: Status): readonly (readonly [string, string])[] {
  const { missions, evolution, operator, agents, memory, model, sandbox, spend } = status;
  const { outcomes, waiting, open } = missions;
  return [
    [
      "missions",
      tallied({ ...outcomes, waiting, "not ended": open }) || "none yet: nanos mission new PLAN",
    ],
    ["not counted", tallied(evolution.uncounted)],
    ["schedules", scheduleWords(status.schedules)],
    ["plans", tallied(operator.missions)],
    ["answers", answerWords(operator)],
    ["agents", agents.length === 0 ? "none" : agents.join(", ")],
    ["memory", memory.enabled ? notesOf(memory) : "off"],
    ["model", model ?? "none: nanos model add NAME"],
    ["sandbox", sandbox ?? "none: nanos doctor says what to install"],
    ["spend", spendWords(spend)],
    ["today", todayWords(status.day)],
    ["foretold", foretoldWords(status.foretold)],
  ];
}

function scheduleWords({ states, passed }: Status["schedules"]): string {
  const missed = passed === 0 ? "" : `; ${count(passed, "time")} missed: nanos schedule list`;
  return `${tallied(states) || "none"}${missed}`;
}

/** What is used of each limit; what is set aside for calls that go on counts. */
function todayWords(day: Status["day"]): string {
  if (day === null) return "no limit";
  const { limit, used } = day;
  const parts = [
    ...(limit.cost === undefined ? [] : [`${cost(used.cost)} of ${cost(limit.cost)}`]),
    ...(limit.tokens === undefined
      ? []
      : [`${shortCount(used.tokens)} of ${shortCount(limit.tokens)} tokens`]),
    ...(limit.calls === undefined ? [] : [`${used.calls} of ${count(limit.calls, "call")}`]),
  ];
  return parts.join(", ");
}

/** What there is of each kind; what there is none of is not named. */
function tallied(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, n]) => n > 0);
  return some.map(([name, n]) => `${n} ${name}`).join(", ");
}

function answerWords({ answers, waits }: Status["operator"]): string {
  return tallied({ yes: answers.allowed, no: answers.denied, "still to be given": waits });
}

function notesOf({ notes, candidates }: Status["memory"]): string {
  const waits = candidates === 0 ? "" : `, ${count(candidates, "candidate")}: nanos memory inbox`;
  return `${count(notes, "note")}${waits}`;
}

function foretoldWords(foretold: Status["foretold"]): string {
  if (foretold === null) return "";
  const { noted, open, due, brier } = foretold;
  const score = brier === null ? "" : `, Brier score ${brier.toFixed(3)}`;
  const wait = due === 0 ? "" : `, ${due} due`;
  return `${count(noted, "prediction")}, ${open} open${wait}${score}: nanos cognition`;
}

function spendWords({ runs, tokens, cost: dollars, unpriced }: Status["spend"]): string {
  const unknown = unpriced === 0 ? "" : `, and ${count(unpriced, "run")} of unknown price`;
  return `${count(runs, "run")}, ${shortCount(tokens)} tokens, ${cost(dollars)}${unknown}`;
}

function traitTable(traits: readonly TraitLine[], width: number): readonly Line[] {
  return table(
    [
      { title: "trait", text: ({ trait }) => trait },
      { title: "from", text: ({ from }) => from },
      { title: "state", text: stateOf },
    ],
    traits,
    width,
  );
}

function stateOf({ reached, on }: TraitLine): string {
  if (!reached) return "not reached";
  return on ? "on" : "off: nanos trait on";
}

/** Each trait with what it does, and what is missing to it. */
export function traitLines(traits: readonly TraitLine[], width: number): readonly Line[] {
  const across = Number.isFinite(width) ? width : 100;
  return traits.flatMap((line): readonly Line[] => {
    const { trait, does, where, needs } = line;
    const dim = [`${does} (${where})`, ...(needs === null ? [] : [`It ${needs}.`])];
    return [
      fitLine([span(trait, line.on ? "green" : "bold"), `  ${stateOf(line)}`], across),
      ...dim
        .flatMap((text) => wrap(text, across - 2))
        .map((text): Line => [span(`  ${text}`, "dim")]),
    ];
  });
}
