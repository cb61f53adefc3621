import type { Approvals } from "../../contracts/nanos.ts";
import { traceOf } from "../views/trace.ts";
import type { World } from "../world.ts";
import { answerAsk, findAsk, listAsks } from "./approvals.ts";

/** What waits for the operator, and their answers. */
export function askDesk(world: World): Approvals {
  return {
    list: () => listAsks(world),
    show: (id) => {
      const ask = findAsk(world, id);
      const { steps } = traceOf(world.journal, ask.run);
      return { ...ask, action: steps.find(({ step }) => step === ask.step)?.args ?? null };
    },
    answer: (id, reply) => answerAsk(world, findAsk(world, id), reply, "operator@terminal"),
  };
}
