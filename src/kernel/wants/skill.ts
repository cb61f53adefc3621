import { join } from "node:path";
import { NanosError } from "../../std/error.ts";
import { sha256 } from "../../std/hash.ts";
import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { nearest } from "../../std/nearest.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import { readPlain, utf8 } from "../../home/files.ts";
import { type Frame, draft } from "../frame.ts";
import { decisionWant, type Want } from "../proposal.ts";
import type { SkillFacts } from "../world.ts";

/**
 * A skill of text is loaded when it is used: a prompt names it and says what it is for, its
 * instructions come when the model asks for them, and its other files one by one. Each of these
 * reads is an action, judged like any other.
 */

/** The name models call to read a skill. */
export const SKILL = "skill";

/** A skill whose text is not in the prompt, with where its files lie and what they were. */
export type TextSkill = SkillFacts & Required<Pick<SkillFacts, "dir" | "files">>;

/** The skills this agent reads when it uses them. Facts from before there were any hold none. */
export function textSkills({ agent, facts }: Pick<Frame, "agent" | "facts">): readonly TextSkill[] {
  return facts.skills.filter(
    (skill): skill is TextSkill =>
      skill.files !== undefined &&
      skill.dir !== undefined &&
      agent.manifest.skills.includes(skill.name),
  );
}

/** Reading a skill as a tool of the model's; null where no skill is read on use. */
export function skillSpec(frame: Pick<Frame, "agent" | "facts">): ToolSpec | null {
  const names = textSkills(frame).map(({ name }) => name);
  if (names.length === 0) return null;
  return {
    name: SKILL,
    description: "Read a skill's instructions before doing what it is for, or one of its files.",
    input: {
      type: "object",
      properties: {
        skill: { type: "string", enum: names },
        file: { type: "string", description: "A file it names; its instructions without one." },
      },
      required: ["skill"],
      additionalProperties: false,
    },
  };
}

/** What a model's call wants to read, or what is wrong with its arguments. */
export function skillWant(frame: Frame, given: Json): Want | string {
  const { skill: name, file = null } = isObject(given) ? given : {};
  if (typeof name !== "string" || (file !== null && typeof file !== "string")) {
    return `${SKILL} takes {"skill": NAME, "file": PATH}; the file may be left out.`;
  }
  const all = textSkills(frame);
  const skill = all.find((one) => one.name === name);
  if (!skill) return `There is no such skill. Skills: ${all.map((one) => one.name).join(", ")}.`;
  if (file !== null && !Object.hasOwn(skill.files, file)) {
    const near = nearest(file, Object.keys(skill.files));
    return `${name} has no file of that name.${near === undefined ? "" : ` Did you mean ${near}?`}`;
  }
  const args = file === null ? { skill: name } : { skill: name, file };
  return {
    // It lies in the arrangement, which no scope names: what decides is the yes to the skill.
    ...decisionWant(frame, { gate: "call", kind: "tool", name: SKILL, args, skill: name }),
    // Without a label of its own: like the prompt, it is what the operator installed and trusts.
    perform: async ({ step }) =>
      draft(frame, step, "kernel", {
        kind: "action.settled",
        outcome: file === null ? done(instructionsOf(skill)) : fileOf(skill, file),
        ms: 0,
      }),
  };
}

function instructionsOf({ name, instructions, files }: TextSkill): string {
  const names = Object.keys(files);
  const rest = names.length === 0 ? "" : `\n\nFiles of ${name}: ${names.join(", ")}`;
  return `${instructions.trim()}${rest}`;
}

/** One file, as long as it is what it was when the run began. */
function fileOf({ name, dir, files }: TextSkill, file: string): Outcome {
  try {
    const bytes = readPlain(join(dir, file), LIMITS.skillFileBytes);
    if (bytes === null || sha256(bytes) !== files[file]) {
      // skill.changed -> Ask again: the next run begins with the skill as it is now.
      return failed("skill.changed", `${file} of ${name} changed since the run began.`);
    }
    const text = utf8(bytes);
    // skill.no_text -> Give the skill text, or take that file out of what its SKILL.md names.
    return text === null ? failed("skill.no_text", `${file} of ${name} is not text.`) : done(text);
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    // skill.unreadable: A file of the skill cannot be read. -> See nanos skill show SKILL, and who may read its folder.
    return failed("skill.unreadable", error.message);
  }
}

function done(output: string): Outcome {
  return { status: "done", output };
}

function failed(code: string, message: string): Outcome {
  return { status: "failed", failure: { code, message } };
}
