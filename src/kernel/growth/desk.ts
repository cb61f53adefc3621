import { join } from "node:path";
import { NanosError } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, plainText, wordsIn } from "../../std/text.ts";

import type { Arrangement } from "../../contracts/arrangement.ts";
import { EMBEDDED, readPlain, utf8 } from "../../home/files.ts";
import type { Home } from "../../home/home.ts";
import type { World } from "../world.ts";
import { edited } from "./edit.ts";

/** Looks into the arrangement's files and changes them, for actions that were judged and recorded. */
export function growthDesk(home: Home, arrangement: Arrangement): World["growth"] {
  return {
    find: async (words) => ({
      ...found(arrangement, words),
      offered: await offered(arrangement, words),
    }),
    change: async (edit) => {
      const { change } = await import("../../home/install/place.ts");
      const ground = home.ground();
      const text = textOf(join(ground.dir, edit.file));
      const after = edited(text, edit);
      if (after === null) throw changed(edit.file);
      if (after === text) return;
      await change(ground, new Map([[edit.file, Buffer.from(after)]]), {
        first: (before) => {
          const now = before.byPath.get(edit.file)?.content.toString("utf8") ?? null;
          if (now !== text) throw changed(edit.file);
        },
      });
    },
  };
}

function textOf(file: string): string | null {
  const bytes = readPlain(file, LIMITS.manifestBytes);
  return bytes === null ? null : utf8(bytes);
}

function changed(file: string): NanosError {
  return new NanosError(
    "growth.changed",
    `${file} does not hold the piece that was to go, or not once; nothing was written.`,
    "Look at it again, and propose the change as it would be now.",
  );
}

type Found = { readonly [key: string]: Json };

function found({ agents, skills }: Arrangement, words: string): Found {
  const named = [...agents.values()].map(({ manifest }) => manifest);
  return {
    agents: [...agents.values()]
      .filter(({ manifest }) => fits(words, manifest.name, manifest.description))
      .slice(0, LIMITS.foundItems)
      .map(({ manifest, file }) => ({
        ...about(manifest),
        ...{ skills: [...manifest.skills], agents: [...manifest.agents] },
        file: `agents/${file.slice(file.lastIndexOf("/") + 1)}`,
        text: clip(textOf(file) ?? "", LIMITS.foundChars),
      })),
    skills: [...skills.values()]
      .filter(({ head }) => fits(words, head.name, head.description))
      .slice(0, LIMITS.foundItems)
      .map(({ head }) => ({
        ...about(head),
        agents: named.flatMap((one) => (one.skills.includes(head.name) ? [one.name] : [])),
      })),
  };
}

/** Skills of the starters that come with nanos and are not here, each with what installs it. */
async function offered({ skills }: Arrangement, words: string): Promise<readonly Json[]> {
  const { starterSkills } = await import("../../home/starters.ts");
  return (await starterSkills())
    .filter(({ name, description }) => !skills.has(name) && fits(words, name, description))
    .slice(0, LIMITS.foundItems)
    .map(({ dir, from, ...skill }) => ({
      ...{ ...about(skill), from: `the starter ${from}` },
      // What lies inside the binary is no folder to install from.
      ...(dir.startsWith(EMBEDDED) ? {} : { install: `nanos skill install ${dir}` }),
    }));
}

function about(one: { readonly name: string; readonly description: string }): {
  readonly name: string;
  readonly description: string;
} {
  return { name: one.name, description: clip(plainText(one.description), LIMITS.foundChars) };
}

/** Any of the words, in its name or what it says of itself; everything where no word is given. */
function fits(words: string, name: string, description: string): boolean {
  const wanted = wordsIn(words);
  const text = `${name} ${description}`.toLowerCase();
  return wanted.length === 0 || wanted.some((word) => text.includes(word));
}
