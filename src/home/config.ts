import { basename, dirname } from "node:path";
import type { z } from "zod";
import type { Config, GrantsFile, LockFile, TrustFile } from "../contracts/config.ts";
import type { KeysFile } from "../contracts/http/key.ts";
import type { Clock } from "../std/clock.ts";
import { canonical } from "../std/canonical.ts";
import { NanosError } from "../std/error.ts";
import { sha256 } from "../std/hash.ts";
import type { Json } from "../std/json.ts";
import type { ParseCache } from "./arrangement/cache.ts";
import { manifestError, parseManifest } from "./arrangement/manifest.ts";
import { markOf } from "./files.ts";
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

/** `keys.json` of one workspace. */
export function openKeysFile(file: string, clock: Clock): StoreFile<KeysFile> {
  const schema = async () => (await import("../contracts/http/key.ts")).KeysFile;
  const store = openStore(jsonSpec(file, "keys", { v: 1, keys: [] }, schema, undefined), clock);
  let kept: { readonly mark: string; readonly read: Promise<KeysFile> } | null = null;
  return {
    ...store,
    // Every request over the network asks; the file is read again when it is another one.
    read: () => {
      const mark = markOf(file);
      if (kept?.mark !== mark) kept = { mark, read: store.read() };
      return kept.read;
    },
  };
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
      // config.invalid: config.yaml of the home does not fit; each place is named with its line. -> Open it at that line and correct it, or put back the copy it names.
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
  const { engine, traits } = config;
  if (engine && !same(old.engine, engine)) document.set("engine", document.createNode(engine));
  if (traits && !same(old.traits, traits)) document.set("traits", document.createNode(traits));
  return document.toString();
}

function same(a: unknown, b: unknown): boolean {
  return a !== undefined && canonical(a as Json) === canonical(b as Json);
}
