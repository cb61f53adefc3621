import { join } from "node:path";
import { assert, NanosError } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { nearest } from "../../std/nearest.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Candidate, Memories, MemorySettings, NoteLine } from "../../contracts/memory.ts";
import { UNKNOWN_LABEL } from "../../gate/labels.ts";
import { CONVERSATION, type Note, ownMemory, SHARED } from "../../memory/memory.ts";
import { noteHash } from "../../memory/open.ts";
import { begin } from "../runner.ts";
import { knownNotes, openCandidates } from "../views/memory.ts";
import { ACCEPT } from "../wants/note.ts";
import type { World } from "../world.ts";
import { forget } from "./forget.ts";
import { note } from "../desk/note.ts";
import { byHand, labelsOf } from "./notice.ts";

/** What the desk is made of. */
interface Parts {
  readonly world: World;
  readonly arrangement: Arrangement;
  readonly settings: MemorySettings;
}

/** A person is shown all that is found: as many as there may be at most. */
const EVERY = LIMITS.notes * LIMITS.arrangementItems;

/** What is remembered, as a person asks about it; what is kept passes the same gate as an agent's. */
export function memoryDesk(given: Parts): Memories {
  const { world, arrangement, settings } = given;
  const { journal, memory } = world;
  if (settings.enabled) memory.ready();
  const memories = [SHARED, CONVERSATION, ...[...arrangement.agents.keys()].map(ownMemory)];
  const find = (id: string): Note | undefined =>
    memory.list(memories).notes.find((one) => one.id === id);
  return {
    inbox: () => inboxOf(world),
    list: async () => {
      const { notes, skipped } = memory.list(memories);
      return { settings, dir: memory.dir, notes: await linesOf(world, notes), skipped };
    },
    show: async (id) => {
      const found = find(id);
      return found ? lineOf(world, found) : candidateNamed(world, id);
    },
    search: async (words) => linesOf(world, memory.search(memories, words, EVERY)),
    accept: async (id, hooks = {}) => {
      const { text, memory: into } = candidateNamed(world, id);
      const hash = noteHash(text);
      const label = knownNotes(journal, [hash]).get(hash)?.label ?? UNKNOWN_LABEL;
      const args = { id, memory: into, text, label } as unknown as Json;
      return begin(world, { ...hooks, text: `memory accept ${id}` }, { tool: ACCEPT, args });
    },
    vouch: async (id, hash) => {
      const found = find(id);
      // A candidate is not remembered yet, whoever's word it is.
      const isKept = !found || byHand(world, [found])[0] !== true;
      if (isKept) throw notByHand((found ?? candidateNamed(world, id)).id);
      if (found.hash !== hash) throw changed(id);
      await note(journal, { kind: "memory.vouched", memory: found.memory, id, hash });
      return lineOf(world, found);
    },
    reject: async (id) => {
      candidateNamed(world, id);
      await note(journal, { kind: "memory.rejected", id });
    },
    forget: async (id, rehearse = false) => {
      const { text } = find(id) ?? candidateNamed(world, id);
      return forget(world, { id, text, notes: memory.list(memories).notes }, rehearse);
    },
  };
}

function inboxOf({ journal, clock }: World): readonly Candidate[] {
  return openCandidates(journal, clock.now());
}

function candidateNamed(world: World, id: string): Candidate {
  const all = inboxOf(world);
  const found = all.find((one) => one.id === id);
  if (found) return found;
  const near = nearest(
    id,
    all.map((one) => one.id),
  );
  const next = near ? `Did you mean ${near}?` : "See `nanos memory list` and `nanos memory inbox`.";
  throw new NanosError("memory.unknown", `Nothing is kept under ${id}.`, next);
}

function notByHand(id: string): NanosError {
  const message = `${id} was not written by hand, and what is known of it stays.`;
  return new NanosError("memory.not_by_hand", message, `See nanos memory show ${id}`);
}

function changed(id: string): NanosError {
  const message = `${id} is no longer what was shown.`;
  return new NanosError("memory.changed", message, `Look again: nanos memory show ${id}`);
}

async function lineOf(world: World, one: Note): Promise<NoteLine> {
  const [line] = await linesOf(world, [one]);
  assert(line, "one note gives one line");
  return line;
}

async function linesOf(world: World, notes: readonly Note[]): Promise<readonly NoteLine[]> {
  const labels = await labelsOf(world, notes);
  const hands = byHand(world, notes);
  return notes.map(({ id, memory, text, hash }, i) => ({
    id,
    memory,
    text,
    hash,
    file: join(world.memory.dir, memory === SHARED ? "" : memory, `${id}.md`),
    label: labels[i] ?? UNKNOWN_LABEL,
    byHand: hands[i] ?? true,
  }));
}
