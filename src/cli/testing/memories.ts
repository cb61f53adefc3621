import { type Memories, MEMORY_OFF } from "../../contracts/memory.ts";
import { NanosError } from "../../std/error.ts";

/** A memory with nothing in it. */
export const MEMORIES: Memories = {
  list: async () => ({ settings: MEMORY_OFF, dir: "/a/memory", notes: [], skipped: [] }),
  show: async (id) => {
    throw new NanosError("memory.unknown", `Nothing is kept under ${id}.`, "nanos memory list");
  },
  search: async () => [],
  inbox: () => [],
  accept: async (id) => MEMORIES.show(id) as Promise<never>,
  vouch: async (id) => MEMORIES.show(id) as Promise<never>,
  reject: async (id) => void (await MEMORIES.show(id)),
  forget: async (id) => MEMORIES.show(id) as Promise<never>,
};
