import { relative, sep } from "node:path";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { nearest } from "../../std/nearest.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Grant } from "../../contracts/config.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { GrantOptions, Skills } from "../../contracts/skill.ts";
import { withEntry } from "../../home/arrangement/attach.ts";
import { readPlain, utf8 } from "../../home/files.ts";
import type { GrantStore } from "../../home/grants.ts";
import { editFiles, type Ground } from "../../home/install/place.ts";
import type { Facts } from "../world.ts";
import { lookAt } from "./seen.ts";

/** What attaching needs. */
export interface AttachDesk {
  readonly arrangement: Arrangement;
  readonly store: GrantStore;
  readonly facts: () => Promise<Facts>;
  /** Where agents' files are changed. */
  readonly ground: () => Ground;
  /** Writes down what was done, and tells running processes. */
  readonly record: (body: EventBody) => Promise<void>;
  readonly add: (skill: string, wish?: GrantOptions) => Promise<Grant>;
}

/** Giving skills to agents and taking them back, in the agents' own files. */
export function attaching(desk: AttachDesk): Pick<Skills, "attach" | "detach"> {
  const { arrangement, store, record } = desk;
  return {
    attach: async (skill, agent, wish) => {
      const { hash } = lookAt(skill, arrangement, await desk.facts());
      await setSkill(desk, agent, { skill, on: true });
      await store.restore(skill, agent);
      await record({ kind: "skill.changed", change: "attached", skill, hash, agent });
      return desk.add(skill, wish);
    },
    detach: async (skill, agent) => {
      await setSkill(desk, agent, { skill, on: false });
      // A run that goes on has its agents as they were; what it looks at anew are the grants.
      await store.revoke(skill, agent);
      await record({ kind: "grant.revoked", skill, scopes: [], agent });
      await record({ kind: "skill.changed", change: "detached", skill, hash: null, agent });
    },
  };
}

/** Puts a skill into an agent's file, or takes it out; nothing else of the file changes. */
async function setSkill(
  { arrangement, ground }: AttachDesk,
  name: string,
  edit: { readonly skill: string; readonly on: boolean },
): Promise<void> {
  const agent = arrangement.agents.get(name);
  if (agent === undefined) {
    const near = nearest(name, arrangement.agents.keys());
    const next = near ? `Did you mean ${near}?` : "See `nanos agent list`.";
    throw new NanosError("agent.unknown", `There is no agent ${name}.`, next);
  }
  if (!edit.on && !agent.manifest.skills.includes(edit.skill)) {
    const message = `${name} does not have ${edit.skill}.`;
    throw new NanosError("skill.not_attached", message, `See nanos agent show ${name}`);
  }
  const place = ground();
  const path = relative(place.dir, agent.file).replaceAll(sep, "/");
  const text = utf8(readPlain(agent.file, LIMITS.manifestBytes) ?? new Uint8Array()) ?? "";
  await editFiles(
    place,
    new Map([
      [path, await withEntry(path, text, { list: "skills", name: edit.skill, on: edit.on })],
    ]),
  );
}
