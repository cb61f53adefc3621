import type { Deciding } from "../../contracts/action.ts";
import type { Label } from "../../contracts/label.ts";
import type { ToolManifest } from "../../contracts/tool.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, plainText } from "../../std/text.ts";
import { isTextSaid } from "../endorse.ts";

/** Something a run was told: a text the model read, and whose it is. */
export interface Told {
  /** From `wordsOf`. */
  readonly words: string;
  /** From `wordsOf`: what it answers. It vouches for no value in that, as it may only repeat it. */
  readonly asked?: string;
  /** Of the text itself, not of the conversation it came into. */
  readonly label: Label;
  /** For people: a tool's name with its sources. */
  readonly from: string;
  /** The skill that gave it out; null where none did. */
  readonly skill: string | null;
  readonly step: string | null;
}

/**
 * The values of a call that decide something, each with where the run has it from. A value in
 * several texts is the most trusted one's. Values beyond the limit come as one that nobody knows.
 */
export function decidingValues(
  args: Json,
  roles: ToolManifest["args"],
  known: { readonly said: string; readonly told: readonly Told[]; readonly skill: string },
): Deciding[] {
  const said = folded(known.said);
  const values = leaves(args, "").flatMap(({ arg, value }): Deciding[] => {
    const role = roleOf(arg, roles);
    if (role === "content" || (role === "undeclared" && typeof value === "boolean")) return [];
    const text = String(value).trim();
    if (text === "") return [];
    const origin = originOf(text, { ...known, said });
    // Names are the model's as much as values are, and both are shown to the operator.
    const shown = (one: string): string => clip(plainText(one), LIMITS.decidingChars);
    return [{ arg: shown(arg), role, value: shown(text), ...origin }];
  });
  if (values.length <= LIMITS.decidingValues) return values;
  const more = `${values.length - LIMITS.decidingValues} more values`;
  return [
    ...values.slice(0, LIMITS.decidingValues),
    { arg: "…", role: "destination", value: more, origin: "none" },
  ];
}

type Leaf = { readonly arg: string; readonly value: string | number | boolean };

function leaves(value: Json, arg: string): readonly Leaf[] {
  if (value === null) return [];
  if (typeof value !== "object") return [{ arg, value }];
  const below = (key: string): string => (arg === "" ? key : `${arg}.${key}`);
  return Object.entries(value).flatMap(([key, one]) => leaves(one as Json, below(key)));
}

// Who gives some arguments a role has thought of them, so the others get the strictest.
function roleOf(arg: string, roles: ToolManifest["args"]): Deciding["role"] | "content" {
  if (roles === undefined) return "undeclared";
  return roles[arg.split(".", 1)[0] ?? ""] ?? "destination";
}

function originOf(
  value: string,
  { said, told, skill }: { said: string; told: readonly Told[]; skill: string },
): Pick<Deciding, "origin" | "from" | "step"> {
  const forms = formsOf(folded(value));
  if (forms.some((form) => isTextSaid(said, form))) return { origin: "said" };
  const own = told.find(
    ({ label, words, asked = "" }) =>
      label.integrity !== "untrusted" &&
      forms.some((form) => isTextSaid(words, form)) &&
      !forms.some((form) => holds(asked, form)),
  );
  if (own) return { origin: "directory", ...placeOf(own) };
  const holding = told.filter(({ words }) => forms.some((form) => holds(words, form)));
  const returned = holding.find((one) => one.skill === skill);
  if (returned) return { origin: "returned", ...placeOf(returned) };
  const [other] = holding;
  return other ? { origin: "untrusted", ...placeOf(other) } : { origin: "none" };
}

function placeOf({ from, step }: Told): Pick<Deciding, "from" | "step"> {
  return step === null ? { from } : { from, step };
}

/** A short value is looked for as a word; a long one anywhere, as it does not turn up by chance. */
function holds(words: string, form: string): boolean {
  return form.length < 4 ? isTextSaid(words, form) : words.includes(form);
}

const NUMBER = /^-?\d{1,15}(?:\.\d{1,6})?$/u;

/** How a value may be written: `20` is also 20.00, `general` also #general, `1250` also 1,250. */
function formsOf(value: string): readonly string[] {
  if (!NUMBER.test(value))
    return /^[#@]/u.test(value) ? [value] : [value, `#${value}`, `@${value}`];
  const number = Number(value);
  const grouped = (text: string): string => text.replace(/\B(?=(?:\d{3})+(?!\d))/gu, ",");
  const short = String(number);
  const [whole = "", part = ""] = number.toFixed(2).split(".");
  return [
    ...new Set([
      value,
      short,
      `${whole}.${part}`,
      grouped(whole) + short.slice(whole.length),
      `${grouped(whole)}.${part}`,
    ]),
  ];
}

/** A result as words for `Told`: every text and number of it on a line of its own, bounded. */
export function wordsOf(output: Json): string {
  const text = leaves(output, "")
    .map(({ value }) => String(value))
    .join("\n");
  return folded(text.slice(0, LIMITS.toolResultChars));
}

// What looks the same is the same: letters in one case and one composition.
function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}
