import { NanosError } from "../../std/error.ts";
import { newId } from "../../std/random.ts";
import { HOME_CHAIN } from "../../contracts/chain.ts";
import type { Cognition, Thought, ThoughtLine } from "../../contracts/cognition.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { Failure } from "../../contracts/outcome.ts";
import type { Journal } from "../../journal/journal.ts";
import { partsFault, wordsFault } from "../../kernel/cognition/want.ts";
import { firstOf } from "../../kernel/flow/past.ts";
import { eraseWords } from "../../kernel/memory/forget.ts";
import { traceLine, usedSince } from "../../kernel/views/traces.ts";
import type { World } from "../../kernel/world.ts";
import { LIMITS } from "../../std/limits.ts";
import { checkWaived } from "../../missions/plan/begin.ts";
import { missionsIn } from "../journal.ts";
import { type Held, ofKind, type One, refusal, unknown } from "./held.ts";
import { readAll, RULES } from "./instruments.ts";
import type { Ground } from "./instrument.ts";
import { compile } from "./instruments/arguments.ts";
import { cascadeOf } from "./instruments/beliefs.ts";
import { causeOf } from "./instruments/causes.ts";
import { orderOf } from "./instruments/prerequisites.ts";
import { overlapOf } from "./instruments/retellings.ts";
import { thoughtsIn } from "./record.ts";
import { cameOf } from "./settling.ts";

/** What agents may know of thoughts, and whether one may be noted. */
export function thoughtsOf(journal: Journal): World["thoughts"] {
  return {
    refuse: (wanted) => refusal(RULES, thoughtsIn(journal).held, wanted),
    find: (id) => thoughtsIn(journal).held.find(id),
    of: (by) => {
      const { held } = thoughtsIn(journal);
      const mine = held.all.filter((one) => one.by === by).toReversed();
      const ground = { held, mission: missionsIn(journal) };
      return mine
        .slice(0, LIMITS.thoughtsTold)
        .map((one) => ({ ...one, came: cameOf(ground, one)?.came ?? null }));
    },
  };
}

type Parts = Pick<World, "journal" | "vault" | "clock" | "random" | "guard">;

/** Thoughts as the operator notes and reads them; `writer` begins a run of an agent that writes some. */
export function cognitionDesk(world: Parts, writer: Cognition["write"]): Cognition {
  const { journal } = world;
  const held = (): Held => thoughtsIn(journal).held;
  return {
    status: () => {
      const read = thoughtsIn(journal);
      const ground = groundOf(world, read.held);
      return { ...readAll(ground), unread: read.unread, refused: read.held.refused.length };
    },
    list: ({ is, open = false, limit = 50 } = {}) => {
      const ground = { held: held(), mission: missionsIn(journal) };
      return ground.held.all
        .filter(({ thought }) => is === undefined || thought.is === is)
        .filter((one) => !open || (isForetold(one) && cameOf(ground, one) === null))
        .toReversed()
        .slice(0, limit)
        .map(lineOf);
    },
    show: (id) => {
      const all = held();
      const one = find(all, id);
      const compiled = compile(all, one);
      const view = { ...lineOf(one), about: all.about(id).map(lineOf) };
      return compiled === null ? view : { ...view, compiled };
    },
    ...followed(world, held),
    write: writer,
    note: async (thought, texts) => {
      if (thought.is === "retelling") throw new Error("bug: an overlap was given");
      return note(world, thought, texts);
    },
    forget: async (id, rehearse = false) => {
      const all = held();
      const retold = all.about(id).filter(({ thought }) => thought.is === "retelling");
      const texts = [find(all, id), ...retold].flatMap((one) => one.texts ?? []);
      if (texts.length === 0) return { bodies: 0 };
      const why = `the words of ${id} were forgotten`;
      return { bodies: await eraseWords(world, { texts, why }, rehearse) };
    },
  };
}

/** What follows from how thoughts are linked, and from what was noted before. */
function followed(
  world: Parts,
  held: () => Held,
): Pick<Cognition, "cascade" | "order" | "cause" | "retell"> {
  return {
    cascade: (id, chance) => {
      const all = held();
      const found = ofKind(all, id, "belief");
      if ("code" in found) throw thrown(found);
      return cascadeOf(all, id, chance);
    },
    order: (id) => {
      const all = held();
      find(all, id);
      return orderOf(all, id).map((one) => lineOf(find(all, one)));
    },
    cause: (from, to) => {
      const all = held();
      for (const id of [from, to]) find(all, id);
      return causeOf(all, from, to);
    },
    retell: async (id, text) => {
      const { texts } = find(held(), id);
      if (texts === null || texts.length === 0) {
        const message = `Nothing is left of the words of ${id} to hold it against.`;
        throw thrown({ code: "thought.erased", message, next: `nanos cognition show ${id}` });
      }
      const overlap = overlapOf(texts.join(" "), text);
      return note(world, { is: "retelling", of: id, overlap }, [text]);
    },
  };
}

function groundOf({ journal, clock }: Parts, held: Held): Ground {
  return {
    ...{ held, now: clock.now(), mission: missionsIn(journal) },
    attention: (since) => usedSince(journal, since),
    run: (id) => {
      const line = traceLine(journal, id);
      return line && { outcome: line.outcome, from: line.fork?.split(".", 1)[0] ?? null };
    },
  };
}

async function note(
  { journal, clock, random, guard }: Parts,
  thought: Thought,
  texts: readonly string[],
): Promise<ThoughtLine> {
  const id = newId("t", clock.now(), random);
  const why = refusal(RULES, thoughtsIn(journal).held, { id, by: "operator", thought });
  if (why) throw thrown(why);
  if (thought.is === "prediction" && thought.check !== undefined) {
    const begun = firstOf(journal, thought.mission ?? "")?.body;
    const plan = begun?.kind === "run.started" ? begun.mission?.plan : undefined;
    // One that the plan has not would never be settled.
    if (plan) checkWaived(plan, [thought.check]);
  }
  const fault = wordsFault(texts) ?? partsFault(thought, texts);
  // thought.words -> Say it in fewer or shorter parts: nanos cognition --help.
  if (fault !== null) throw thrown({ code: "thought.words", message: fault });
  // What the operator types may hold a secret as well as what anybody else does.
  await guard.ready();
  const bodies: readonly EventBody[] = [
    ...(texts.length === 0 ? [] : [{ kind: "thought.said" as const, id, texts: [...texts] }]),
    { kind: "thought.noted", id, thought },
  ];
  const common = { run: HOME_CHAIN, step: null, policy: null, isolation: null, label: null };
  await journal.append(bodies.map((body) => ({ ...common, actor: "operator", body })));
  const { held } = thoughtsIn(journal);
  const kept = held.find(id);
  // Another process noted something at the same time that rules this out.
  if (!kept) throw thrown(refusal(RULES, held, { id, by: "operator", thought }) ?? unknown(id));
  return lineOf(kept);
}

function find(held: Held, id: string): One {
  const found = held.find(id);
  if (!found) throw thrown(unknown(id));
  return found;
}

/** What waits for somebody to say what came of it. */
function isForetold({ thought }: One): boolean {
  return thought.is === "prediction" || thought.is === "belief";
}

function lineOf({ seq: _, ...line }: One): ThoughtLine {
  return line;
}

function thrown({ code, message, next = "nanos cognition --help" }: Failure): NanosError {
  return new NanosError(code, message, next);
}
