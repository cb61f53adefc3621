import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Nanos } from "../../contracts/nanos.ts";
import { eventDesk, type Going, goingOn } from "../events/watch.ts";
import type { World } from "../world.ts";
import { commandsOf } from "../skills/commands.ts";

/** The commands and events of an arrangement, as a person asks about them, and what goes on by itself. */
export function listedIn(
  { skills, workspace }: Arrangement,
  world: World,
  going: readonly Going[],
): Pick<Nanos, "commands" | "events" | "watch"> {
  const events = eventDesk(world, workspace);
  return {
    events,
    watch: goingOn([events.watch, ...going]),
    commands: commandsOf(
      [...skills.values()].map(({ head, manifest: { commands = {} } }) => ({
        name: head.name,
        commands,
      })),
    ),
  };
}
