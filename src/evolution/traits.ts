import {
  type Evolution,
  STAGES,
  type StageName,
  type TraitAbout,
  type TraitLine,
  type TraitName,
  TRAITS,
} from "../contracts/stage.ts";
import { THRESHOLDS } from "./stage.ts";

/**
 * Traits: which stage has which, and what each is. A trait makes a feature available and is no
 * permission: it is no input of the gate, so what is asked about is asked about at every stage.
 * `on` holds what the operator switched on; of that only what the stage has counts.
 */
export function traitsAt(
  evolution: Pick<Evolution, "stage" | "proven" | "rate">,
  on: readonly TraitName[],
): readonly TraitLine[] {
  return TRAITS.map((trait) => {
    const { from, ...about } = ABOUT[trait];
    const reached = hasTrait(evolution.stage, trait);
    const isOn = about.use === "always" || (about.use === "switched" && on.includes(trait));
    const needs = reached ? null : missingTo(from, evolution);
    return { trait, from, ...about, reached, on: reached && isOn, needs };
  });
}

/** True where the stage has the trait. */
export function hasTrait(stage: StageName, trait: TraitName): boolean {
  return STAGES.indexOf(ABOUT[trait].from) <= STAGES.indexOf(stage);
}

/** `needs FORGING: 10 proven missions, 30% of those that count: 4 so far, 25%`. */
function missingTo(from: StageName, { proven, rate }: Pick<Evolution, "proven" | "rate">): string {
  const { missions = 0, rate: least = 0 } = THRESHOLDS.find(({ stage }) => stage === from) ?? {};
  const part = least > 0 ? `, ${percent(least)} of those that count` : "";
  const have = least > 0 && proven > 0 ? `${proven} so far, ${percent(rate)}` : `${proven} so far`;
  return `needs ${from}: ${missions} proven mission${missions === 1 ? "" : "s"}${part}: ${have}`;
}

function percent(rate: number): string {
  return `${Math.floor(rate * 100 + 1e-9)}%`;
}

const ABOUT: Readonly<Record<TraitName, TraitAbout & { readonly from: StageName }>> = {
  OBSERVE: {
    from: "DORMANT",
    does: "Shows how the home stands, from its journal alone.",
    where: "nanos status, nanos trace",
    use: "always",
  },
  RECALL: {
    from: "AWAKENING",
    does: "Agents whose file lists the tool may search past missions of this workspace.",
    where: "the tool recall_missions",
    use: "switched",
  },
  COMPANION: {
    from: "AWAKENING",
    does: "The oracle is told how you work here: counts, your plans by use, what waits for you.",
    where: "nanos context",
    use: "switched",
  },
  WORKER_SPAWN: {
    from: "FORGING",
    does: "Agents a mission asks may hand in plans of further work, where their file lists the tool.",
    where: "the tool hand_in_plan; nanos mission new STEP",
    use: "switched",
  },
  BELIEF_TRACK: {
    from: "FORGING",
    does: "Agents whose file lists the tools may note what they believe, and revise it.",
    where: "the tools thought_believe, thought_revise",
    use: "switched",
  },
  ANALYZE: {
    from: "FORGING",
    does: "Tells what a mission's record comes to in numbers: steps, failures, time, cost, asks.",
    where: "nanos mission numbers; the tool mission_numbers",
    use: "switched",
  },
  AUTONOMOUS_CHAIN: {
    from: "SOVEREIGN",
    does: "A plan may name plans that follow once its mission ended proven, each past the gate.",
    where: "`then` in a plan",
    use: "switched",
  },
  OPERATOR_FUSION: {
    from: "SOVEREIGN",
    does: "Beside an ask stands what you said to the same use before, and what else of its kind waits.",
    where: "asks; nanos approvals show",
    use: "switched",
  },
  CLAIM_ANALYZE: {
    from: "SOVEREIGN",
    does: "Agents whose file lists the tools may lay out arguments, and object to those you name.",
    where: "the tools thought_argue, thought_counter, thought_show",
    use: "switched",
  },
  SELF_MODIFY: {
    from: "APEX",
    does: "Where an agent's own runs speak for a change of its file, that waits for your yes, as a diff.",
    where: "nanos approvals; the action arrangement_change",
    use: "switched",
  },
  MULTI_DOMAIN: {
    from: "APEX",
    does: "RECALL, ANALYZE and COMPANION look at missions of every workspace of this home.",
    where: "the tools recall_missions, mission_numbers; nanos context",
    use: "switched",
  },
};
