import { NanosError } from "../../std/error.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Nanos } from "../../contracts/nanos.ts";
import { eventDesk } from "../events/watch.ts";
import type { World } from "../world.ts";
import { commandsOf } from "../skills/commands.ts";

/** The agents, commands and events of an arrangement, as a person asks about them. */
export function listedIn(
  { agents, skills, workspace }: Arrangement,
  world: World,
): Pick<Nanos, "agents" | "commands" | "events"> {
  return {
    events: eventDesk(world, workspace),
    agents: {
      list: () => [...agents.values()],
      show: (name) => {
        const agent = agents.get(name);
        if (agent) return agent;
        const message = `There is no agent ${name}.`;
        throw new NanosError("agent.unknown", message, "See `nanos agent list`.");
      },
    },
    commands: commandsOf(
      [...skills.values()].map(({ head, manifest: { commands = {} } }) => ({
        name: head.name,
        commands,
      })),
    ),
  };
}
