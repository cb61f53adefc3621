import {
  STAGES,
  type StageName,
  type TraitLine,
  type TraitName,
  TRAITS,
} from "../contracts/stage.ts";

/**
 * Traits: which stage has which. A trait makes a feature available and is no permission: it is no
 * input of the gate, so what is asked about is asked about at every stage.
 */
export function traitsAt(stage: StageName): readonly TraitLine[] {
  const reached = STAGES.indexOf(stage);
  return TRAITS.map((trait) => {
    const from = FROM[trait];
    return { trait, from, reached: STAGES.indexOf(from) <= reached };
  });
}

const FROM: Readonly<Record<TraitName, StageName>> = {
  OBSERVE: "DORMANT",
  RECALL: "AWAKENING",
  COMPANION: "AWAKENING",
  WORKER_SPAWN: "FORGING",
  BELIEF_TRACK: "FORGING",
  ANALYZE: "FORGING",
  AUTONOMOUS_CHAIN: "SOVEREIGN",
  OPERATOR_FUSION: "SOVEREIGN",
  CLAIM_ANALYZE: "SOVEREIGN",
  SELF_MODIFY: "APEX",
  MULTI_DOMAIN: "APEX",
};
