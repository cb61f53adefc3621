import type { ModelConfig } from "../../contracts/model.ts";
import type { ModelDeps } from "../adapter.ts";
import { modelError } from "../failures.ts";
import { hostOf } from "./wire.ts";

/** What every adapter over HTTP reads from its config. */
export interface Setup {
  /** Base URL without a slash at its end. */
  readonly url: string;
  /** The provider's id of the model. */
  readonly id: string;
  /** The key; null when the config names no variable. */
  readonly key: string | null;
}

/**
 * Checks a config and fetches its key.
 *
 * @throws NanosError `model.bad_config` without URL or model id, or with a password in the URL;
 * `model.no_key` when the named variable is empty; `secret.*` when the named secret is not to be had.
 */
export async function setUp(
  name: string,
  config: ModelConfig,
  deps: Pick<ModelDeps, "env" | "secret">,
  needs: { readonly url?: string; readonly keyEnv?: string; readonly id?: boolean } = {},
): Promise<Setup> {
  const bad = (detail: string): Error => modelError("model.bad_config", { model: name }, detail);
  const url = config.url ?? needs.url;
  if (url === undefined) throw bad("It has no `url`.");
  if (!URL.canParse(url)) throw bad("Its `url` is not a URL.");
  const { protocol, username, password } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:") throw bad("Its `url` is not http or https.");
  if (username !== "" || password !== "") {
    throw bad("Its `url` holds a password; name a variable in `keyEnv` instead.");
  }
  if (config.via !== undefined) checkVia(config.via, bad);
  if (config.model === undefined && needs.id !== false) throw bad("It has no `model` id.");
  const key = await keyFor(name, config, deps, { ...needs, url });
  return { url: url.replace(/\/+$/u, ""), id: config.model ?? "", key };
}

/** The stored secret for this very host, else the named variable; null when neither is named. */
async function keyFor(
  name: string,
  { keySecret, keyEnv: named }: ModelConfig,
  { env, secret }: Pick<ModelDeps, "env" | "secret">,
  needs: { readonly url: string; readonly keyEnv?: string },
): Promise<string | null> {
  const keyEnv = named ?? needs.keyEnv;
  const stored =
    keySecret === undefined ? null : ((await secret?.(keySecret, hostOf(needs.url))) ?? "");
  const key = stored ?? (keyEnv === undefined ? null : (env[keyEnv]?.trim() ?? ""));
  const facts = { model: name, keyEnv: keySecret ?? keyEnv };
  if (key === "") throw modelError("model.no_key", facts);
  // A key with a line break would end the header it is put into.
  if (key !== null && !/^[\x20-\x7e]+$/u.test(key)) {
    throw modelError("model.no_key", facts, "It holds more than one line.");
  }
  return key;
}

/** Node's own fetch knows no proxy, and going there directly is what was not wanted. */
function checkVia(via: string, bad: (detail: string) => Error): void {
  if (!/^https?:\/\/[^/@]+\/?$/u.test(via)) throw bad("Its `via` is not http(s)://HOST:PORT.");
  if (!("bun" in process.versions)) throw bad("Its `via` needs the runtime nanos brings along.");
}

/** Text of a value that should be a string; anything else says nothing. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A count of tokens; undefined for what is no number. */
export function countOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
