import { basename, dirname } from "node:path";
import type { z } from "zod";
import type { Config, Grant, GrantsFile, LockFile, TrustFile } from "../contracts/config.ts";
import type { Clock } from "../std/clock.ts";
import { canonical } from "../std/canonical.ts";
import { NanosError } from "../std/error.ts";
import { sha256 } from "../std/hash.ts";
import type { Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import type { ParseCache } from "./arrangement/cache.ts";
import { manifestError, parseManifest } from "./arrangement/manifest.ts";
import { damaged, openStore, type StoreFile, type StoreSpec, wayBack } from "./store.ts";

/** `config.yaml`: the operator may edit it too, so its comments survive a change made here. */
export function openConfig(file: string, clock: Clock, cache?: ParseCache): StoreFile<Config> {
  const schema = async () => (await import("../contracts/config.ts")).Config;
  return openStore<Config>(
    {
      file,
      empty: { v: 1, models: {} },
      parse: (text) => parsed(file, "config", text, schema, cache),
      render: renderConfig,
    },
    clock,
  );
}

/** `grants.json` of one workspace. */
export function openGrants(file: string, clock: Clock, cache?: ParseCache): StoreFile<GrantsFile> {
  const schema = async () => (await import("../contracts/config.ts")).GrantsFile;
  return openStore(jsonSpec(file, "grants", { v: 1, grants: [] }, schema, cache), clock);
}

/** `lock.json` of one workspace. */
export function openLock(file: string, clock: Clock, cache?: ParseCache): StoreFile<LockFile> {
  const schema = async () => (await import("../contracts/config.ts")).LockFile;
  return openStore(jsonSpec(file, "lock", { v: 1, skills: {} }, schema, cache), clock);
}

/** `trust.json` of the home. */
export function openTrust(file: string, clock: Clock, cache?: ParseCache): StoreFile<TrustFile> {
  const schema = async () => (await import("../contracts/config.ts")).TrustFile;
  return openStore(jsonSpec(file, "trust", { v: 1, trusted: [] }, schema, cache), clock);
}

function jsonSpec<T>(
  file: string,
  kind: string,
  empty: T,
  schema: () => Promise<z.ZodType<T>>,
  cache: ParseCache | undefined,
): StoreSpec<T> {
  return {
    file,
    empty,
    parse: (text) => parsed(file, kind, text, schema, cache),
    render: async (value) => `${JSON.stringify(value, null, 2)}\n`,
  };
}

async function parsed<T>(
  file: string,
  kind: string,
  text: string,
  schema: () => Promise<z.ZodType<T>>,
  cache: ParseCache | undefined,
): Promise<T> {
  const parse = async (): Promise<T> => {
    const result = await parseManifest(basename(file), text, await schema(), "yaml");
    if (result.ok) return result.value;
    const lines = result.problems.map((p) => `line ${p.line}: ${p.text}`).join("; ");
    if (kind !== "config") throw damaged(file, lines);
    const error = manifestError(dirname(file), result.problems);
    throw new NanosError(
      "config.invalid",
      error.message,
      `${error.next} ${wayBack(file)}`,
      error.cause,
    );
  };
  return cache ? cache.through(kind, sha256(text), parse) : parse();
}

/** Changes only the fields that differ, so that comments and order in the file stay. */
async function renderConfig(config: Config, before: string): Promise<string> {
  const { Document, parseDocument } = await import("yaml");
  const document = before === "" ? new Document({}) : parseDocument(before);
  const old = (document.toJS() ?? {}) as Partial<Config>;
  if (old.v !== config.v) document.set("v", config.v);
  if (old.model !== config.model) {
    if (config.model === undefined) document.delete("model");
    else document.set("model", config.model);
  }
  for (const name of Object.keys(old.models ?? {})) {
    if (!Object.hasOwn(config.models, name)) document.deleteIn(["models", name]);
  }
  for (const [name, model] of Object.entries(config.models)) {
    if (same(old.models?.[name], model)) continue;
    document.setIn(["models", name], document.createNode(model));
  }
  return document.toString();
}

function same(a: unknown, b: unknown): boolean {
  return a !== undefined && canonical(a as Json) === canonical(b as Json);
}

/** What the operator says yes to. `scopes` are resolved; `net:` entries endorse a destination. */
export interface GrantWish {
  readonly skill: string;
  readonly scopes: readonly string[];
  /** Hash of the skill as it is now; null for bare scopes. */
  readonly hash: string | null;
  /** Milliseconds since 1970. */
  readonly expires?: number;
}

/**
 * The grants with the wish in force. A second yes to the same skill, unchanged, adds to the
 * first; to a skill that changed it replaces it.
 *
 * @throws NanosError `grant.bad_scope`, `grant.expired`, `grant.too_many`.
 */
export async function withGrant(
  file: GrantsFile,
  wish: GrantWish,
  now: number,
): Promise<{ file: GrantsFile; grant: Grant }> {
  const { Grant } = await import("../contracts/config.ts");
  if (wish.expires !== undefined && wish.expires <= now) {
    throw new NanosError(
      "grant.expired",
      `The grant for ${wish.skill} would end before it begins.`,
      "Give a date that is still to come: --until DATE",
    );
  }
  const earlier = file.grants.find((grant) => grant.skill === wish.skill);
  const holds =
    earlier !== undefined &&
    earlier.hash === wish.hash &&
    (earlier.expires === undefined || earlier.expires > now);
  const scopes = [...new Set([...(holds ? earlier.scopes : []), ...wish.scopes])];
  const made = Grant.safeParse({
    skill: wish.skill,
    scopes,
    hash: wish.hash,
    at: now,
    ...(wish.expires === undefined ? {} : { expires: wish.expires }),
  });
  if (!made.success) {
    throw new NanosError(
      "grant.bad_scope",
      `The grant for ${wish.skill} does not fit: ${made.error.issues[0]?.message ?? "unknown"}.`,
      "Write a scope as KIND:VALUE, a destination as HOST:PORT.",
    );
  }
  const others = file.grants.filter((grant) => grant.skill !== wish.skill);
  if (others.length >= LIMITS.grants) {
    throw new NanosError(
      "grant.too_many",
      `This workspace has ${LIMITS.grants} grants, as many as are kept.`,
      "Take one back: nanos grant revoke SKILL",
    );
  }
  return { file: { v: 1, grants: [...others, made.data] }, grant: made.data };
}
