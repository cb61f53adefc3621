import { join } from "node:path";
import { messageOf, NanosError } from "../../std/error.ts";
import { isObject, type Json } from "../../std/json.ts";
import type { Draft } from "../../contracts/event.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import type { Outcome } from "../../contracts/outcome.ts";
import { joinLabels, UNKNOWN_LABEL } from "../../gate/labels.ts";
import { draft, type Frame } from "../frame.ts";
import { ownAction, type Want } from "../proposal.ts";
import { diffOf, editIn } from "./edit.ts";

/**
 * How the arrangement grows by conversation. The oracle looks for what there is, and proposes a
 * change of an agent's file. The proposal is an action like any other: of rank S, so that the
 * operator is asked whatever was said before, with the whole difference, and answers by its name.
 * What is written is written by the code that `apply` uses, or not at all.
 */

/** The names models call. */
export const FIND = "arrangement_find";
export const CHANGE = "arrangement_change";

type Speaker = Pick<Frame, "facts" | "agent" | "reader">;

/** Both as tools of the oracle's; none where the arrangement does not grow so. */
export function growthSpecs({ facts, agent, reader }: Speaker): readonly ToolSpec[] {
  const isOracle = agent.manifest.name === facts.oracle;
  return facts.grows === undefined || !isOracle || reader ? [] : SPECS;
}

const SPECS: readonly ToolSpec[] = [
  {
    name: FIND,
    description:
      "Look for skills and agents by words: those of this arrangement, with the text of each agent's " +
      "file, and those that come with nanos and could be installed. Changes nothing.",
    input: {
      type: "object",
      properties: { words: { type: "string", description: "What it should be good for." } },
      additionalProperties: false,
    },
  },
  {
    name: CHANGE,
    description:
      "Propose a change of one agent's file: `old`, whole lines that stand in it exactly once, makes room for `new`; " +
      "an empty `old` makes a new file. The operator reads the difference and decides; it " +
      "counts from the next start on. Skills are installed by the operator: say the command.",
    input: {
      type: "object",
      properties: {
        file: { type: "string", description: "agents/NAME.md" },
        old: { type: "string" },
        new: { type: "string" },
      },
      required: ["file", "new"],
      additionalProperties: false,
    },
  },
];

/** True for the names that stand for growing, where it is on. */
export function isOfGrowth(frame: Speaker, name: string): boolean {
  return growthSpecs(frame).some((spec) => spec.name === name);
}

/** What a model's call of such a name wants, or what is wrong with its arguments. */
export function growthWant(frame: Frame, name: string, args: Json): Want | string {
  return name === FIND ? findWant(frame, args) : changeWant(frame, args);
}

/** True where a change may be proposed with no model between: SELF_MODIFY is on. */
export function isProposed({ facts }: Pick<Frame, "facts">, name: string): boolean {
  return name === CHANGE && facts.traits?.includes("SELF_MODIFY") === true;
}

function findWant(frame: Frame, args: Json): Want | string {
  const { words = "" } = isObject(args) ? args : {};
  if (typeof words !== "string") return `${FIND} takes {"words": TEXT}.`;
  return {
    action: { ...ownAction(frame, FIND), args: { words }, reads: true },
    declared: null,
    attached: true,
    repeatable: true,
    inert: true,
    perform: ({ step }) => settled(frame, step, async (growth) => growth.find(words)),
  };
}

function changeWant(frame: Frame, args: Json): Want | string {
  const edit = editIn(args);
  if (typeof edit === "string") return edit;
  const { grows, dir = "" } = frame.facts;
  const where = `write:${join(grows?.dir ?? dir, edit.file)}`;
  const { because } = edit;
  return {
    action: {
      ...ownAction(frame, CHANGE),
      args: { file: edit.file, diff: diffOf(edit), ...(because === undefined ? {} : { because }) },
      scopes: [where],
      destinations: [where],
      rank: "S",
    },
    declared: null,
    attached: true,
    // Where the piece is in its place already, nothing is written.
    repeatable: true,
    perform: ({ step }) =>
      settled(frame, step, async (growth) => {
        await growth.change(edit);
        return { changed: edit.file, counts: "from the next request on" };
      }),
  };
}

type Growth = NonNullable<Frame["world"]>["growth"];

async function settled(
  frame: Frame,
  step: string,
  act: (growth: Growth) => Promise<Json>,
): Promise<Draft> {
  const { world, drive } = frame;
  if (!world) throw new Error("bug: a replay looked into the arrangement");
  const start = drive.elapsed();
  const outcome = await act(world.growth).then(
    (output): Outcome => ({ status: "done", output }),
    failed,
  );
  const ms = Math.round(drive.elapsed() - start);
  // What skills and agents say of themselves is their authors' text.
  const label = joinLabels(frame.label, { ...UNKNOWN_LABEL, sources: ["arrangement"] });
  return { ...draft(frame, step, "kernel", { kind: "action.settled", outcome, ms }), label };
}

function failed(error: unknown): Outcome {
  const failure =
    error instanceof NanosError
      ? { code: error.code, message: error.message, next: error.next }
      : // growth.broken -> Try again; if it stays, say it with what stands in nanos why STEP.
        { code: "growth.broken", message: `It could not be done: ${messageOf(error)}` };
  return { status: "failed", failure };
}
