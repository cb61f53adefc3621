import { NanosError } from "../../std/error.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Nanos } from "../../contracts/nanos.ts";

/** The agents of an arrangement, as a person asks about them. */
export function agentsOf(arrangement: Arrangement): Nanos["agents"] {
  return {
    list: () => [...arrangement.agents.values()],
    show: (name) => {
      const agent = arrangement.agents.get(name);
      if (agent) return agent;
      const message = `There is no agent ${name}.`;
      throw new NanosError("agent.unknown", message, "See `nanos agent list`.");
    },
  };
}
