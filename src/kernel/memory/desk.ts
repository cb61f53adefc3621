import { join } from "node:path";
import { NanosError } from "../../std/error.ts";
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
      const [line] = found ? await linesOf(world, [found]) : [];
      return line ?? candidateNamed(world, id);
    },
    search: async (words) => linesOf(world, memory.search(memories, words, LIMITS.recalledNotes)),
    accept: async (id, hooks = {}) => {
      const { text, memory: into } = candidateNamed(world, id);
      const hash = noteHash(text);
      const label = knownNotes(journal, [hash]).get(hash)?.label ?? UNKNOWN_LABEL;
      const args = { id, memory: into, text, label } as unknown as Json;
      return begin(world, { ...hooks, text: `memory accept ${id}` }, { tool: ACCEPT, args });
    },
    reject: async (id) => {
      candidateNamed(world, id);
      await note(journal, { kind: "memory.rejected", id });
    },
    forget: async (id, rehearse = false) => {
      const found = find(id);
      const { text, memory: name } = found ?? candidateNamed(world, id);
      return forget(world, { id, text, memory: found ? name : null }, rehearse);
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

async function linesOf(world: World, notes: readonly Note[]): Promise<readonly NoteLine[]> {
  const labels = await labelsOf(world, notes);
  const hands = byHand(world, notes);
  return notes.map(({ id, memory, text }, i) => ({
    id,
    memory,
    text,
    file: join(world.memory.dir, memory === SHARED ? "" : memory, `${id}.md`),
    label: labels[i] ?? UNKNOWN_LABEL,
    byHand: hands[i] ?? true,
  }));
}
