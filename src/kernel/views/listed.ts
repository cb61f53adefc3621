import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Nanos } from "../../contracts/nanos.ts";
import { eventDesk } from "../events/watch.ts";
import type { World } from "../world.ts";
import { commandsOf } from "../skills/commands.ts";

/** The commands and events of an arrangement, as a person asks about them. */
export function listedIn(
  { skills, workspace }: Arrangement,
  world: World,
): Pick<Nanos, "commands" | "events"> {
  return {
    events: eventDesk(world, workspace),
    commands: commandsOf(
      [...skills.values()].map(({ head, manifest: { commands = {} } }) => ({
        name: head.name,
        commands,
      })),
    ),
  };
}
