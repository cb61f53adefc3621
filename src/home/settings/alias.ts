import type { Json } from "../../std/json.ts";

/**
 * Variables of the environment by which former programs were set up. Each stands for a key of
 * `config.yaml`, and what that file says stands: a variable fills in what it leaves open, or narrows
 * it. What would loosen something, or means something there is not here, is refused by name.
 */
export interface Alias {
  readonly name: string;
  /** What it belongs to, as a heading. */
  readonly group: string;
  /** The key of `config.yaml` it stands for, with dots; what else it reaches, in words. */
  readonly key: string;
  /** What it does, or why it is refused; a sentence. */
  readonly effect: string;
  /** How it meets what the file says. */
  readonly meets: Meets;
  readonly read: (value: string, around: Around) => Said;
}

/**
 * `fill`: counts where the file says nothing. `under`: what allows nothing counts, and all else only
 * where the arrangement says nothing either. `least`: the smaller counts. `both`: false where either
 * says so. `model`: part of how a model is reached. `apart`: read elsewhere.
 */
export type Meets = "fill" | "under" | "least" | "both" | "model" | "apart";

/** What a variable may look at beside its own value. */
export interface Around {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The home's own files, absolute. */
  readonly journal: string;
  readonly memory: string;
}

/** What a value comes to: something for its key, nothing, or a refusal. */
export type Said = { readonly to: Json } | { readonly no: string; readonly next: string } | null;

export type Read = Alias["read"];

/** A variable as it stands in a list of its group. */
export type Row = readonly [name: string, key: string, effect: string, meets: Meets, read: Read];

/** Stands for the variable's name in a sentence. */
export const NAMED = "{name}";
