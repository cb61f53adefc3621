import { relative, sep } from "node:path";
import type { Clock } from "../../std/clock.ts";
import { NanosError } from "../../std/error.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { LockFile } from "../../contracts/config.ts";
import type { EventBody } from "../../contracts/event.ts";
import type { Skill, SkillHead, SkillOffer, Skills } from "../../contracts/skill.ts";
import { scriptsOf, toolsAsked } from "../../home/arrangement/scripts.ts";
import { readTree, type TreeFile } from "../../home/files.ts";
import { type Clone, gather, type Gathered, withScopes } from "../../home/install/gather.ts";
import { type Ground, placeSkill, readLock, removeSkill } from "../../home/install/place.ts";
import { isSevere, scan } from "../../home/install/scan.ts";
import type { StoreFile } from "../../home/store.ts";
import { declaredIn, describe } from "../../home/trust-words.ts";
import type { Facts } from "../world.ts";
import { answersOf } from "../events/subscriptions.ts";
import { compare, installedSkill, seenIn } from "./seen.ts";
import { mayDo } from "./view.ts";

/** What skills are installed with. */
export interface InstallDesk {
  readonly arrangement: Arrangement;
  readonly ground: () => Ground;
  readonly lock: StoreFile<LockFile>;
  readonly clone: Clone;
  readonly cwd: string;
  readonly clock: Clock;
  /** What paths are shown against. */
  readonly where: Pick<Facts, "workspace" | "userHome">;
  readonly record: (body: EventBody) => Promise<void>;
}

/** Getting skills in and out of the arrangement. What is shown is what is installed. */
export function installDesk(
  desk: InstallDesk,
): Pick<Skills, "offer" | "install" | "remove" | "check"> {
  const offered = new WeakMap<SkillOffer, Gathered>();
  return {
    offer: async (from, { path, scopes = [] } = {}) => {
      const { cwd, clone } = desk;
      const found = await gather({ from, path, cwd, clone });
      const gathered = scopes.length === 0 ? found : await withScopes(found, scopes);
      const offer = await offerOf(desk, gathered);
      offered.set(offer, gathered);
      return offer;
    },
    install: async (offer, { anyway = false } = {}) => {
      const gathered = offered.get(offer);
      if (gathered === undefined) throw new Error("bug: an offer this desk did not make");
      await install(desk, offer, { gathered, anyway });
    },
    remove: (name) => remove(desk, name),
    check: async (name) => {
      const skill = installedSkill(desk.arrangement, name);
      const files = readTree(skill.dir).files;
      const { found, more } = scan(files);
      const entry = (await desk.lock.read()).skills[name] ?? readLock(desk.ground().dir)[name];
      const state = stateOf(entry?.hash, skill.hash);
      const from = entry?.from ?? null;
      return { name, hash: skill.hash, state, from, findings: found, more };
    },
  };
}

function stateOf(locked: string | undefined, now: string): "as installed" | "changed" | "unlocked" {
  if (locked === undefined) return "unlocked";
  return locked === now ? "as installed" : "changed";
}

async function offerOf(desk: InstallDesk, gathered: Gathered): Promise<SkillOffer> {
  const { head, manifest, from, hash, files } = gathered;
  const scopes = await scopesOf(files, head);
  const { what } = await describe({ files });
  const { found, more } = scan(files);
  const there = desk.arrangement.skills.get(head.name);
  const now = { files: contentsOf(files), scopes, tools: [] };
  return {
    name: head.name,
    description: head.description,
    from,
    hash,
    files: files.map(({ path }) => ({ path, what: what.get(path) ?? "data" })),
    may: [...mayDo(scopes, desk.where, null), ...answersOf(manifest)],
    ...(manifest.terms === undefined ? {} : { terms: manifest.terms }),
    ...wordsOf(head),
    findings: found,
    more,
    there: there === undefined ? "no" : there.hash === hash ? "same" : "other",
    changes: there === undefined || there.hash === hash ? null : await changesOf(there, now),
  };
}

/** What its own words say of its use. */
function wordsOf(head: SkillHead): Pick<SkillOffer, "asks" | "license" | "compatibility"> {
  const { license, compatibility } = head;
  const asks = toolsAsked(head);
  return {
    ...(asks.length === 0 ? {} : { asks }),
    ...(license === undefined ? {} : { license }),
    ...(compatibility === undefined ? {} : { compatibility }),
  };
}

type Content = Parameters<typeof seenIn>[0];

/** What the one that is there would become. */
async function changesOf(there: Skill, now: Content): Promise<SkillOffer["changes"]> {
  const files = readTree(there.dir).files;
  const contents = contentsOf(files);
  const then = seenIn({ files: contents, scopes: await scopesOf(files, there.head), tools: [] });
  return compare({ ...then, contentOf: (path) => contents.get(path) ?? "unknown" }, now);
}

/** What its manifest names is the most it can have; without one, what tools and scripts need. */
async function scopesOf(files: readonly TreeFile[], head: SkillHead): Promise<readonly string[]> {
  const manifest = await declaredIn(files.filter(({ path }) => path === "nanos.yaml"));
  if (manifest.length > 0) return manifest;
  const starts = Object.values(scriptsOf(head, files)).map((program) => `exec:${program}`);
  return [...new Set([...(await declaredIn(files)), ...starts])].toSorted();
}

function contentsOf(files: readonly TreeFile[]): ReadonlyMap<string, Uint8Array> {
  return new Map(files.map(({ path, content }) => [path, content]));
}

async function install(
  desk: InstallDesk,
  offer: SkillOffer,
  { gathered, anyway }: { readonly gathered: Gathered; readonly anyway: boolean },
): Promise<void> {
  const { name, hash, from, findings } = offer;
  const severe = findings.filter(isSevere);
  if (severe.length > 0 && !anyway) {
    throw new NanosError(
      "install.severe",
      `${name} holds what harmful skills hold (${[...new Set(severe.map(({ code }) => code))].join(", ")}); it was not installed.`,
      "Read the places above. If you know why they are there, add --anyway.",
    );
  }
  await placeSkill(desk.ground(), gathered);
  const entry = { hash, at: desk.clock.now(), from };
  await desk.lock.change((file) => ({ ...file, skills: { ...file.skills, [name]: entry } }));
  const codes = [...new Set(findings.map(({ code }) => code))];
  await desk.record({
    ...{ kind: "skill.changed", change: "installed", skill: name, hash, from },
    ...(codes.length === 0 ? {} : { findings: codes }),
  });
}

async function remove(desk: InstallDesk, name: string): Promise<string> {
  const { arrangement } = desk;
  const skill = installedSkill(arrangement, name);
  const ground = desk.ground();
  const [top, folder, ...deeper] = relative(ground.dir, skill.dir).split(sep);
  if (top !== "skills" || folder === undefined || deeper.length > 0) {
    const message = `${name} lies in ${skill.dir}, which is another program's.`;
    throw new NanosError("skill.foreign", message, "Remove it there.");
  }
  const agents = [...arrangement.agents.values()].map(({ manifest }) => manifest);
  const holder = agents.find(({ skills }) => skills.includes(name));
  if (holder !== undefined) {
    const next = `Take it away first: nanos skill detach ${name} ${holder.name}`;
    throw new NanosError("skill.attached", `${holder.name} uses ${name}.`, next);
  }
  const kept = await removeSkill(ground, folder);
  await desk.lock.change((file) => {
    const { [name]: _gone, ...skills } = file.skills;
    return { ...file, skills };
  });
  await desk.record({ kind: "skill.changed", change: "removed", skill: name, hash: skill.hash });
  return kept;
}
