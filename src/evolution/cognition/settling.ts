import type { Failure } from "../../contracts/outcome.ts";
import { type Held, ofKind, type One, type Wanted } from "./held.ts";
import type { Ground } from "./instrument.ts";
import type { Settled } from "./score.ts";

/** What came of what was foretold or believed, and who may say so. */

/** What came of it. */
export type Came = "yes" | "no" | "void";

/** The rule of settlements: only what waits for one is settled, and only what is, is corrected. */
export function settles(held: Held, { thought }: Wanted): Failure | null {
  if (thought.is !== "settlement") return null;
  const found = ofKind(held, thought.of, "prediction", "belief");
  if ("code" in found) return found;
  const isSettled = settlementOf(held, found.id) !== null;
  if (isSettled === (thought.corrects === true)) return null;
  return isSettled
    ? {
        code: "thought.settled",
        message: `What came of ${thought.of} is settled.`,
        next: "Where that was wrong: add --correct",
      }
    : {
        code: "thought.not_settled",
        message: `What came of ${thought.of} was not settled yet.`,
        next: "Leave --correct out.",
      };
}

/** The newest word of the operator; null where there is none. */
export function settlementOf(held: Held, id: string): Came | null {
  const newest = held.about(id).findLast(({ thought }) => thought.is === "settlement");
  return newest?.thought.is === "settlement" ? newest.thought.came : null;
}

/** What came of one, and who says so; null where nobody does. */
export function cameOf(
  { held, mission }: Pick<Ground, "held" | "mission">,
  one: One,
): { readonly came: Came; readonly by: "operator" | "mission" } | null {
  const said = settlementOf(held, one.id);
  if (said !== null) return { came: said, by: "operator" };
  if (one.thought.is !== "prediction" || one.thought.mission === undefined) return null;
  const { check } = one.thought;
  const ended = mission(one.thought.mission);
  if (check !== undefined) {
    const found = ended?.checks.get(check);
    if (found === undefined || found.seq <= one.seq) return null;
    return { came: found.met ? "yes" : "no", by: "mission" };
  }
  // What had ended before it was foretold was no prediction.
  if (!ended?.came || ended.seq <= one.seq) return null;
  if (ended.came.counts === "proven") return { came: "yes", by: "mission" };
  return ended.came.counts === "failed" ? { came: "no", by: "mission" } : null;
}

/** What was settled with yes or no, with the chance it had when it was noted. */
export function settledIn(
  ground: Pick<Ground, "held" | "mission">,
  ...kinds: readonly ("prediction" | "belief")[]
): readonly (Settled & { readonly one: One })[] {
  return ground.held.all.flatMap((one) => {
    const { thought } = one;
    if (thought.is !== "prediction" && thought.is !== "belief") return [];
    const came = kinds.includes(thought.is) ? cameOf(ground, one)?.came : undefined;
    if (came === undefined || came === "void") return [];
    return [{ one, chance: thought.chance, came: came === "yes" }];
  });
}
