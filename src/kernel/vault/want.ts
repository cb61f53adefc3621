import { NanosError } from "../../std/error.ts";
import { isObject, type Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import type { Draft } from "../../contracts/event.ts";
import type { ToolSpec } from "../../contracts/model.ts";
import type { Failure, Outcome } from "../../contracts/outcome.ts";
import { ArtifactType } from "../../contracts/plan.ts";
import type { Sealed } from "../../contracts/artifact.ts";
import { type Frame, draft } from "../frame.ts";
import { ownAction, type Want } from "../proposal.ts";
import { countArtifacts } from "../views/artifacts.ts";
import { topRun } from "../views/traces.ts";
import type { World } from "../world.ts";

/** The name agents call to keep a result; offered to those whose manifest lists it. */
export const ARTIFACT = "artifact";

type Offered = Pick<Frame, "facts" | "agent" | "reader">;

/** Keeping a result as a tool of the model's; null where the agent's manifest does not list it. */
export function artifactSpec({ facts, agent, reader }: Offered): ToolSpec | null {
  const isListed = agent.manifest.tools?.includes(ARTIFACT) === true;
  if (facts.artifacts !== true || reader || !isListed) return null;
  return {
    name: ARTIFACT,
    description:
      "Keep a result of this work, whole, for the operator to review. " +
      "The same title again is its next version.",
    input: {
      type: "object",
      properties: {
        title: { type: "string", description: "What it is, in a few words." },
        type: { type: "string", enum: [...ArtifactType.options] },
        content: { type: "string", description: "All of it." },
      },
      required: ["title", "content"],
      additionalProperties: false,
    },
  };
}

/** A result to be kept as an action, or what is wrong with the arguments. */
export function artifactWant(frame: Frame, given: Json): Want | string {
  const { title, content, type: named = "text" } = isObject(given) ? given : {};
  const type = ArtifactType.safeParse(named);
  if (typeof title !== "string" || typeof content !== "string" || !type.success) {
    return `artifact takes {"title": TEXT, "content": TEXT, "type": ${ArtifactType.options.join(" | ")}}.`;
  }
  if (title.trim() === "" || title.length > LIMITS.artifactTitleChars || isHidden(title)) {
    return `A title has 1 to ${LIMITS.artifactTitleChars} characters, all to be seen, in one line.`;
  }
  if (Buffer.byteLength(content) > LIMITS.artifactBytes) {
    return `An artifact has at most ${LIMITS.artifactBytes} bytes; keep it in parts.`;
  }
  const kept = { title, type: type.data, content };
  return {
    action: { ...ownAction(frame, ARTIFACT), kind: "artifact", args: kept },
    declared: null,
    attached: true,
    // The same bytes under the same hash: done twice it is done once.
    repeatable: true,
    perform: async ({ step }) => {
      const { world } = frame;
      if (!world) throw new Error("bug: a replay kept an artifact");
      const outcome = keep(world, frame.drive.run, kept);
      const settled = { kind: "action.settled", outcome, ms: 0 } as const;
      return { ...draft(frame, step, "kernel", settled), label: frame.label } satisfies Draft;
    },
  };
}

function keep(
  { journal, vault }: World,
  run: string,
  { title, type, content }: { title: string; type: Sealed["type"]; content: string },
): Outcome {
  const { all, own } = countArtifacts(journal, topRun(run));
  if (own >= LIMITS.artifactsPerRun) return full(`This run has kept ${own}`);
  if (all >= LIMITS.artifacts) return full(`${all} are kept`);
  try {
    const hash = vault.put(content);
    const artifact = { title, type, hash, bytes: Buffer.byteLength(content) };
    return { status: "done", output: `Kept for the operator's review: ${title}`, artifact };
  } catch (error) {
    if (!(error instanceof NanosError)) throw error;
    const { code, message, next } = error;
    return { status: "failed", failure: { code, message, next } };
  }
}

function full(why: string): Outcome {
  const message = `${why}, and more are not kept.`;
  const failure: Failure = { code: "artifact.full", message, next: "Use another home: --home DIR" };
  return { status: "failed", failure };
}

/** True for what a screen would not show as it is. */
function isHidden(title: string): boolean {
  return plainText(title) !== title || /[\n\t]/u.test(title) || !title.isWellFormed();
}
