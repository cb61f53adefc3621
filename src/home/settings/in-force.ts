import type { Config } from "../../contracts/config.ts";
import { NanosError } from "../../std/error.ts";
import { isObject, type Json } from "../../std/json.ts";
import type { StoreFile } from "../store.ts";
import { type Alias, type Around, NAMED } from "./alias.ts";
import { ALIASES, KNOWN } from "./list.ts";
import { providerIn } from "./reads.ts";

/**
 * The config as it is in force: the file, and what variables of the environment fill in or narrow.
 * What is written is the file alone.
 */
export function inForce(store: StoreFile<Config>, around: Around): StoreFile<Config> {
  return {
    read: async () => withAliases(await store.read(), around),
    change: async (change) => withAliases(await store.change(change), around),
  };
}

/**
 * A config with what the environment adds to it.
 *
 * @throws NanosError `config.alias` for a variable that is refused.
 */
export async function withAliases(file: Config, around: Around): Promise<Config> {
  const set = ALIASES.filter(({ name }) => (around.env[name] ?? "") !== "");
  if (set.length === 0) return file;
  const config = structuredClone(file) as unknown as Fields;
  const found: Fields = {};
  for (const alias of set) {
    const to = saidBy(alias, around);
    if (to === undefined) continue;
    if (alias.meets === "model") mergeModels(found, to as Fields);
    else meet(config, file as unknown as Fields, alias, to);
  }
  withModels(config, found, around);
  const { Config } = await import("../../contracts/config.ts");
  const read = Config.safeParse(config);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const at = issue?.path.join(".") ?? "";
  throw new NanosError(
    "config.alias",
    `A variable of the environment makes ${at} of the config what it cannot be: ${issue?.message ?? ""}.`,
    `It is one of ${set.map(({ name }) => name).join(", ")}; mend it, or take it out.`,
  );
}

type Fields = { [key: string]: Json };

/** What a variable's value comes to; undefined for nothing. */
function saidBy({ name, read }: Alias, around: Around): Json | undefined {
  const said = read(around.env[name] ?? "", around);
  if (said === null) return undefined;
  if ("to" in said) return said.to;
  throw new NanosError("config.alias", said.no.replace(NAMED, name), said.next);
}

/** Puts one value at its key: what the file says stands, or the stricter of both does. */
function meet(
  config: Fields,
  file: Fields,
  { key, meets }: Pick<Alias, "key" | "meets">,
  to: Json,
): void {
  if (meets === "under" && to !== false && to !== "off") {
    return meet(config, file, { key: `usual.${key}`, meets: "fill" }, to);
  }
  const words = key.split(".");
  const last = words.pop() ?? "";
  let [at, was]: [Fields, Json | undefined] = [config, file];
  for (const word of words) {
    at[word] = isObject(at[word]) ? at[word] : {};
    at = at[word] as Fields;
    was = isObject(was) ? was[word] : undefined;
  }
  const [now, said] = [at[last], isObject(was) ? was[last] : undefined];
  switch (meets) {
    case "least":
      at[last] = typeof now === "number" ? Math.min(now, Number(to)) : to;
      return;
    case "both":
      at[last] = now === undefined ? to : now === true && to === true;
      return;
    case "under":
      at[last] = to;
      return;
    default:
      // Of several variables for one list each adds to it; of all else the first counts.
      if (said !== undefined) return;
      if (Array.isArray(to) && Array.isArray(now)) at[last] = [...now, ...to];
      else at[last] = now ?? to;
  }
}

function mergeModels(found: Fields, to: Fields): void {
  for (const [name, fields] of Object.entries(to)) {
    // The first that speaks of a field counts.
    found[name] = { ...(fields as Fields), ...(found[name] as Fields | undefined) };
  }
}

/**
 * Models that variables name, each beside those of the file; the first is in use where the file says
 * nothing. One the file has a model of the same name for is left as it is there.
 */
function withModels(config: Fields, found: Fields, { env }: Around): void {
  const models = (isObject(config["models"]) ? config["models"] : {}) as Fields;
  const own = providerIn(env);
  const names = Object.keys(found).toSorted((a, b) => Number(b === own) - Number(a === own));
  for (const name of names) {
    const given = { ...KNOWN[name], ...(found[name] as Fields) };
    if (given["model"] === undefined) continue;
    if (name === "custom" && given["url"] === undefined) throw noAddress();
    if (!Object.hasOwn(models, name)) models[name] = given;
    config["model"] ??= name;
  }
  config["models"] = models;
}

function noAddress(): NanosError {
  const message = "A model of your own provider is named, and not where it is.";
  return new NanosError("config.alias", message, "Set CUSTOM_MODEL_BASE_URL as well.");
}
