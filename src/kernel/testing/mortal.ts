import type { Journal } from "../../journal/journal.ts";
import type { ToolHost } from "../../tools/tool-host.ts";
import type { World } from "../world.ts";

/** When a process dies, by the events it wrote. */
export interface Life {
  /** Events on disk when it dies. */
  readonly events: number;
  /**
   * `written`: the moment they are on disk, before whatever they allow. `acted`: at the next write,
   * so that what was done in between is nowhere recorded.
   */
  readonly at: "written" | "acted";
}

/** A world that stops for ever: nothing in it ever comes to an end after its death. */
export interface Mortal {
  readonly world: World;
  /** Resolves when it has died. */
  readonly death: Promise<void>;
}

/** The world of a process that dies in the middle of its work. It ships as a fake. */
export function mortal(world: World, life: Life): Mortal {
  const underWay = new Set<Promise<unknown>>();
  let buried = (): void => undefined;
  let dead = false;
  let written = 0;
  const death = new Promise<void>((resolve) => {
    buried = resolve;
  });
  const die = (): void => {
    dead = true;
    // What was handed to the disk before still gets there.
    void Promise.allSettled(underWay).then(buried);
  };
  const alive = async <T>(act: () => Promise<T>): Promise<T> => {
    if (dead) return never();
    const result = await act();
    return dead ? never() : result;
  };
  const append: Journal["append"] = async (drafts) => {
    if (!dead && written + drafts.length > life.events) die();
    if (dead) return never();
    written += drafts.length;
    const writing = world.journal.append(drafts);
    underWay.add(writing);
    const events = await writing;
    underWay.delete(writing);
    if (written >= life.events && life.at === "written") die();
    return dead ? never() : events;
  };
  const tools: ToolHost = {
    ...world.tools,
    call: (call, reach, signal) => alive(() => world.tools.call(call, reach, signal)),
    reopen: (step) => alive(() => world.tools.reopen(step)),
    written: (step) => world.tools.written(step),
  };
  return {
    death,
    world: {
      ...world,
      journal: { ...world.journal, append },
      tools,
      model: (name) => alive(() => world.model(name)),
      fetch: (wanted, privateOk, signal) => alive(() => world.fetch(wanted, privateOk, signal)),
      lock: (skill, hash) => alive(() => world.lock(skill, hash)),
      alone: (act) => alive(() => world.alone(act)),
    },
  };
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
