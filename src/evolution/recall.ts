import type { RunStarted } from "../contracts/event.ts";
import type { Label } from "../contracts/label.ts";
import type { MissionLine, TaskEnded } from "../contracts/mission.ts";
import type { TraitName } from "../contracts/stage.ts";
import { joinLabels, REQUEST_LABEL, UNKNOWN_LABEL } from "../gate/labels.ts";
import type { Found, Looker } from "../kernel/looks/look.ts";
import { labelsOf } from "../kernel/memory/notice.ts";
import { firstOf } from "../kernel/flow/past.ts";
import { storedArtifacts } from "../kernel/views/artifacts.ts";
import { topRun } from "../kernel/views/traces.ts";
import type { World } from "../kernel/world.ts";
import { listMissions } from "../missions/views.ts";
import { isObject, type Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { clip } from "../std/text.ts";

type Parts = Pick<World, "journal" | "memory">;

/**
 * Past missions that hold any of these words, those with the most first. The oracle sees every
 * mission of its workspace, or of every one where MULTI_DOMAIN is on; another agent sees its own
 * tasks of those that asked it. Notes are those in memories it may look into.
 */
export async function recallMissions(
  world: Parts,
  words: string,
  looker: Looker,
  traits: readonly TraitName[],
): Promise<Found> {
  const wanted = new Set(words.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu));
  const seen = await Promise.all(
    pastMissions(world, looker, traits.includes("MULTI_DOMAIN")).map((one) =>
      seenOf(world, one, looker),
    ),
  );
  const found = seen
    .flatMap((one) => one ?? [])
    .map((one) => ({ ...one, hits: hitsOf(one.output, wanted) }))
    .filter(({ hits }) => wanted.size === 0 || hits > 0)
    .toSorted((a, b) => b.hits - a.hits);
  const shown = found.slice(0, LIMITS.recalledMissions);
  const more = found.length - shown.length;
  const output: Json = {
    ...(more > 0 ? { more: `${more} more hold these words: ask for fewer with other words` } : {}),
    missions: shown.map((one) => one.output),
  };
  return { output, label: joinLabels(REQUEST_LABEL, ...shown.map(({ label }) => label)) };
}

interface Past {
  readonly line: MissionLine;
  readonly started: RunStarted & { readonly mission: NonNullable<RunStarted["mission"]> };
}

/** Missions the one who looks may know of, newest first; its own is not past. */
export function pastMissions(
  { journal }: Pick<World, "journal">,
  looker: Pick<Looker, "run" | "agent" | "isOracle" | "workspace">,
  everywhere: boolean,
  most: number = LIMITS.missionsLooked,
): readonly Past[] {
  // A program that asks hears of its own missions, and of nobody else's.
  const client = startIn(journal, topRun(looker.run))?.client;
  return listMissions(journal, most).flatMap((line): Past | readonly [] => {
    if (line.run === topRun(looker.run)) return [];
    const started = startIn(journal, line.run);
    if (!started?.mission || started.rehearsal) return [];
    const { mission, workspace } = started;
    if (client !== undefined && started.client !== client) return [];
    if (!everywhere && workspace !== looker.workspace) return [];
    const isAsked = mission.plan.tasks.some(({ agent }) => agent === looker.agent);
    return looker.isOracle || isAsked ? { line, started: { ...started, mission } } : [];
  });
}

function startIn(journal: World["journal"], run: string): RunStarted | null {
  const body = firstOf(journal, run)?.body;
  return body?.kind === "run.started" ? body : null;
}

async function seenOf(
  world: Parts,
  { line, started }: Past,
  looker: Looker,
): Promise<Found | null> {
  const { journal } = world;
  const { run, at, outcome, state } = line;
  const { plan, inputs } = started.mission;
  const isMine = (id: string): boolean =>
    looker.isOracle || plan.tasks.some((task) => task.id === id && task.agent === looker.agent);
  const isOwn = started.mission.by === "operator" && started.client === undefined;
  let label: Label = isOwn ? REQUEST_LABEL : UNKNOWN_LABEL;
  const ends: TaskEnded[] = [];
  let said: { text: string; why: string } = { text: "", why: "" };
  for (const { event, body } of journal.chain(run)) {
    if (body?.kind === "task.ended" && isMine(body.task)) ends.push(body);
    if (body?.kind !== "run.ended") continue;
    said = { text: body.end.text, why: body.end.failure?.message ?? "" };
    label = joinLabels(label, event.label ?? UNKNOWN_LABEL);
  }
  if (outcome === null) label = joinLabels(label, UNKNOWN_LABEL);
  const notes = world.memory
    .list(looker.memories)
    .notes.filter(({ id }) => id.startsWith(`${run}-`) || id.startsWith(`${run}_`));
  const labels = await labelsOf(world, notes);
  const titles = looker.isOracle
    ? storedArtifacts(journal, { run, limit: LIMITS.recalledMissions }).map(({ title }) => title)
    : ends.flatMap(({ artifact }) => artifact?.title ?? []);
  const output: Json = {
    ...{ mission: run, plan: plan.name, description: plan.description },
    begun: new Date(at).toISOString(),
    outcome: outcome ?? state,
    tasks: Object.fromEntries(ends.map(({ task, status }) => [task, status])),
    artifacts: [...new Set(titles)],
    notes: notes.map(({ text }) => clip(text, LIMITS.recalledChars)),
    ...(looker.isOracle
      ? { inputs, why: said.why, text: clip(said.text, LIMITS.recalledChars) }
      : {}),
  };
  return { output, label: from(joinLabels(label, ...labels), run) };
}

function from(label: Label, run: string): Label {
  return { ...label, sources: [...label.sources, `mission:${run}`] };
}

/** How many of the words stand somewhere in what would be shown. */
function hitsOf(output: Json, wanted: ReadonlySet<string>): number {
  const text = textIn(output).toLowerCase();
  return [...wanted].filter((word) => text.includes(word)).length;
}

function textIn(value: Json): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(textIn).join(" ");
  if (!isObject(value)) return "";
  return Object.entries(value)
    .map(([key, one]) => `${key} ${textIn(one)}`)
    .join(" ");
}
