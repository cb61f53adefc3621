import type { Nanos } from "../../contracts/nanos.ts";
import { LOCK } from "../../home/install/place.ts";
import { clip, plainText } from "../../std/text.ts";
import type { World } from "../world.ts";

/**
 * A home stays open while others change it. At a request it is looked at again, and where a file is
 * another one everything is put together anew, past the same checks and the same trust as when it
 * was opened. Whoever holds the home sees the new parts; what goes on has the old ones until it ends.
 */

/** What an opened home is made of at one time. */
export interface Parts {
  readonly nanos: Omit<Nanos, "renew" | "close">;
  readonly world: Pick<World, "going" | "tools" | "renew">;
  /** Lets go of all that is not the home's own. */
  release(): Promise<void>;
}

/**
 * Opens with `assemble`, which throws where what is there may not or cannot be loaded. `marks` tells
 * files apart; `close` ends what all the parts share.
 */
export async function living(given: {
  readonly assemble: () => Promise<Parts>;
  readonly marks: () => ReadonlyMap<string, string>;
  readonly close: () => void;
}): Promise<Nanos> {
  const { assemble, marks } = given;
  // Looked at before it is read: what changes in between is seen at the next look.
  let taken = marks();
  /** Those of the last try: what is not trusted or has a mistake in it is not tried again and again. */
  let tried = taken;
  let now = await assemble();
  let old: readonly Parts[] = [];
  const releaseIdle = async (): Promise<void> => {
    const idle = old.filter(({ world }) => world.going.size === 0);
    old = old.filter((one) => !idle.includes(one));
    await Promise.all(idle.map((one) => one.release()));
  };
  const nanos: Nanos = {
    ...now.nanos,
    renew: async () => {
      // Whoever held what was replaced had until now to look again.
      await releaseIdle();
      const models = modelsIn(now);
      await now.world.renew(now.nanos.arrangement.manifest.oracle);
      const last = tried;
      tried = marks();
      const isStale = now.world.tools.isStale();
      const files = same(last, tried) ? [] : newsOf(taken, tried);
      if (isStale || files.length > 0) {
        const next = await assemble();
        taken = tried;
        old = [...old, now];
        now = next;
        Object.assign(nanos, now.nanos);
      }
      const tools = isStale && files.length === 0 ? ["tools of a server changed"] : [];
      return [...files, ...tools, ...modelNews(models, modelsIn(now))];
    },
    close: async () => {
      await Promise.all([now, ...old].map((one) => one.release()));
      given.close();
    },
  };
  return nanos;
}

type Marks = ReadonlyMap<string, string>;

function same(a: Marks, b: Marks): boolean {
  return a.size === b.size && [...a].every(([path, mark]) => b.get(path) === mark);
}

/** What the files that are others now belong to, and whether that is new, gone or changed. */
function newsOf(before: Marks, after: Marks): readonly string[] {
  const paths = [...new Set([...after.keys(), ...before.keys()])];
  const touched = paths.filter((path) => before.get(path) !== after.get(path));
  const owners = new Set(touched.flatMap((path) => ownerOf(path) ?? []));
  const had = ownersIn(before);
  const has = ownersIn(after);
  const lines = [...owners].toSorted().map((owner) => {
    if (!had.has(owner)) return `${owner} is new here`;
    return has.has(owner) ? `${owner} changed` : `${owner} is gone`;
  });
  const more = lines.length - MOST_NEWS;
  return more > 0 ? [...lines.slice(0, MOST_NEWS), `${more} more changed`] : lines;
}

/** Things that are named. */
const MOST_NEWS = 6;
/** Characters of a name. */
const NAME_CHARS = 60;

function ownersIn(marks: Marks): ReadonlySet<string> {
  return new Set([...marks.keys()].flatMap((path) => ownerOf(path) ?? []));
}

/** `agents/coder.md` is of the agent coder. What lies beside a project begins with `../`. */
function ownerOf(path: string): string | null {
  const [, folder, name = ""] = /^(?:\.\.\/\.\w+\/)?(\w+)\/([^/]+)/u.exec(path) ?? [];
  const kind = folder === undefined ? undefined : KINDS[folder];
  if (kind !== undefined) return `${kind} ${short(name.replace(/\.\w+$/u, ""))}`;
  const file = short(path.replace(/^\.\.\//u, ""));
  return SILENT.has(file) ? null : file;
}

function short(name: string): string {
  return clip(plainText(name), NAME_CHARS);
}

/** The operator's trust, and what notes what was installed: whatever changed is named already. */
const SILENT: ReadonlySet<string> = new Set(["", LOCK]);

const KINDS: Readonly<Record<string, string>> = {
  agents: "agent",
  skills: "skill",
  tools: "tool",
  plans: "plan",
};

interface InUse {
  readonly names: readonly string[];
  readonly inUse: string | undefined;
}

function modelsIn({ nanos }: Parts): InUse {
  const lines = nanos.models.list();
  return { names: lines.map(({ name }) => name), inUse: lines.find((one) => one.inUse)?.name };
}

function modelNews(before: InUse, after: InUse): readonly string[] {
  const fresh = after.names.filter((name) => !before.names.includes(name));
  const { inUse } = after;
  return [
    ...fresh.slice(0, MOST_NEWS).map((name) => `model ${short(name)} is new here`),
    ...(inUse !== undefined && inUse !== before.inUse ? [`model ${short(inUse)} answers now`] : []),
  ];
}
