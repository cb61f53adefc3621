import { LIMITS } from "../std/limits.ts";
import { findSensitive, redactSensitive, type SensitiveClass } from "../std/sensitive/sensitive.ts";
import { clip, plainText } from "../std/text.ts";

/** A text as it would be kept, with what was found in it as it came. */
export interface Cleaned {
  /** One line, without the words that asked for it; secrets replaced by their kind. */
  readonly text: string;
  /** Characters of it, without personal data. */
  readonly chars: number;
  /** What was found in the text as it came, each kind once. */
  readonly found: readonly { readonly kind: string; readonly class: SensitiveClass }[];
  /** Characters that did not fit. */
  readonly cut: number;
}

/** Reads a text for what it holds, and makes of it what would be kept. */
export function clean(raw: string): Cleaned {
  // As it came and as it would be shown: what is dropped then must not have hidden anything.
  const shown = plainText(raw);
  const hits = [...findSensitive(raw), ...(shown === raw ? [] : findSensitive(shown))];
  const kinds = new Map(hits.map((hit) => [hit.kind, hit.class]));
  if (HANDLE.test(raw)) kinds.set("stored", "secret");
  const whole = oneLine(redactSensitive(plainText(redactSensitive(raw, ["secret"])), ["secret"]))
    .replace(ASKED, "")
    .trim();
  const text = clip(whole, LIMITS.noteChars);
  return {
    text,
    chars: redactSensitive(text, ["personal"])
      .replace(/\[[a-z-]+\]/gu, "")
      .trim().length,
    found: [...kinds].map(([kind, of]) => ({ kind, class: of })),
    cut: whole.length - text.length,
  };
}

/** Whether the operator said in so many words that something is to be remembered. */
export function hasIntent(said: string): boolean {
  return INTENT.test(said.replaceAll("\u2019", "'"));
}

const PHRASES =
  "remember this|remember that|don'?t forget|save this|store this|keep in mind|make a note";
const INTENT = new RegExp(`\\b(?:${PHRASES})\\b`, "iu");
/** The phrase at the beginning, with what joins it to the rest. */
const ASKED = new RegExp(`^(?:please,? )?(?:${PHRASES})\\b(?: that| of)?[\\s:,.-]*`, "iu");

/** What stands where the value of a stored secret stood. */
const HANDLE = /\[secret:[^\]\s]+\]/u;

function oneLine(text: string): string {
  return plainText(text).replaceAll("\u2019", "'").replace(/\s+/gu, " ").trim();
}
