import { z } from "zod";
import { JsonSchema } from "./json.ts";
import { Finish } from "./model.ts";
import { Usage } from "./usage.ts";

/** A call in a recorded answer. `broken` stands for arguments that are no JSON, as they came. */
export const ScriptCall = z.strictObject({
  name: z.string(),
  args: JsonSchema.default({}),
  broken: z.string().optional(),
});

/** One recorded answer; the documentation of the script adapter says when it is given. */
export const ScriptTurn = z.strictObject({
  /** A regular expression the whole name of the asking agent must match; a plain name is one. */
  agent: z.string().optional(),
  /** Regular expressions that must all match, ignoring case; `^` and `$` match at lines. */
  when: z
    .strictObject({
      /** The newest text of operator or tool. */
      last: z.string().optional(),
      /** The system text. */
      system: z.string().optional(),
      /** Anything in the request: system, texts, calls and results. */
      text: z.string().optional(),
    })
    .optional(),
  /** Answers once per conversation; true unless `when` is given. */
  once: z.boolean().optional(),
  think: z.string().optional(),
  say: z.string().optional(),
  calls: z.array(ScriptCall).optional(),
  finish: Finish.optional(),
  /** Fails with this code of `models/failures.ts`, after what it says. */
  fail: z.string().optional(),
  usage: Usage.omit({ cost: true }).optional(),
  /** Milliseconds before every delta. */
  delayMs: z.number().int().min(0).max(60_000).optional(),
  /** Characters of one delta; the whole text in one when absent. */
  chunk: z.number().int().positive().optional(),
});
export type ScriptTurn = z.infer<typeof ScriptTurn>;

/** A file of the `script` adapter: answers recorded for tests, demonstrations and teaching. */
export const Script = z.strictObject({ turns: z.array(ScriptTurn) });
export type Script = z.infer<typeof Script>;
/** A script as a person writes it, defaults left out. */
export type ScriptInput = z.input<typeof Script>;
