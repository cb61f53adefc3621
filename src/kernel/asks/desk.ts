import type { Nanos } from "../../contracts/nanos.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import { rulesDesk } from "../views/rules.ts";
import { can } from "./can.ts";
import { changesOf } from "../../home/changes.ts";
import { isObject } from "../../std/json.ts";
import type { Action } from "../../contracts/action.ts";
import type { Change } from "../../contracts/skill.ts";
import { hashOf } from "../../std/hash.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Answer } from "../../contracts/run.ts";
import type { Approvals } from "../../contracts/question.ts";
import { askedIn, planOf } from "../views/asked.ts";
import { newestAnswers } from "../views/traces.ts";
import type { World } from "../world.ts";
import { giveBeforehand, refusalOf } from "./beforehand.ts";
import { earlierOf } from "./earlier.ts";
import { refusal } from "./refusals.ts";
import { answerAsk, findAsk, listAsks, revoke } from "../desk/approvals.ts";

/** Everything the operator asks the gate, and is asked by it. */
export function policyDesk(
  world: World,
  arrangement: Pick<Arrangement, "rules" | "routes">,
): Pick<Nanos, "approvals" | "rules" | "can"> {
  return {
    approvals: askDesk(world),
    rules: rulesDesk(world, arrangement),
    can: (agent, tool, args) => can(world, agent, tool, args),
  };
}

/** What waits for the operator, and their answers. */
export function askDesk(world: World): Approvals {
  return {
    list: () => listAsks(world),
    show: (id) => {
      const ask = findAsk(world, id);
      const asked = askedIn(world.journal, ask);
      const changes = asked === null ? [] : changesIn(world, asked.action);
      const earlier = earlierOf(world, ask);
      return {
        ...ask,
        action: asked?.action.args ?? null,
        question: asked?.question ?? null,
        ...(changes.length > 0 ? { changes } : {}),
        ...(earlier === null ? {} : { earlier }),
      };
    },
    answer: (id, reply, channel) =>
      answerAsk(world, findAsk(world, id), reply, channel ? `operator@${channel}` : TERMINAL),
    revoke: (id) => revoke(world, id, TERMINAL),
    plan: (run) => planOf(world.journal, run),
    give: (questions, { channel = "terminal", ms } = {}) =>
      giveBeforehand(world, questions, { by: `operator@${channel}`, ms }),
    given: () => givenIn(world),
    refusal: (id, agent, name, args) => {
      const found = refusalOf(world, id, { agent, kind: "tool", name, argsHash: hashOf(args) });
      return found && refusal(found, id ?? name);
    },
  };
}

/** What a commit would change, line by line; nothing for every other action. */
function changesIn({ tools }: World, { kind, args }: Action): readonly Change[] {
  const of = kind === "commit" && isObject(args) ? args["of"] : null;
  return typeof of === "string" ? changesOf(tools.written(of)) : [];
}

/** The channel answers of this desk come through. */
const TERMINAL = "operator@terminal";

/** Answers that were not used yet and still hold, newest first. */
function givenIn({ journal, clock }: World): readonly Answer[] {
  return newestAnswers(journal, LIMITS.answersLooked)
    .filter(({ state, answer }) => state === "given" && answer.expires > clock.now())
    .map(({ answer }) => answer);
}
