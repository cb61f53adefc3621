import type { Plan, Task } from "../../contracts/plan.ts";
import type { Rule } from "../../contracts/rules.ts";

/** Rules of the plan's profiles, `PROFILE/RULE`; in a profile that observes, all of them do. */
export function rulesOf({ profiles }: Pick<Plan, "profiles">): readonly Rule[] {
  return Object.entries(profiles).flatMap(([name, { mode, rules }]) =>
    rules.map((rule) => ({
      ...rule,
      id: `${name}/${rule.id}`,
      mode: mode === "observe" ? mode : rule.mode,
    })),
  );
}

/**
 * Ids of the rules that do not hold here: a profile that tasks name holds in those alone, one that
 * none names in the whole mission. `task` is null for what is of no task.
 */
export function asideOf({ profiles, tasks }: Plan, task: Task | null): readonly string[] {
  const named = new Set(tasks.flatMap((one) => one.profiles ?? []));
  return rulesOf({
    profiles: Object.fromEntries(
      Object.entries(profiles).filter(
        ([name]) => named.has(name) && task?.profiles?.includes(name) !== true,
      ),
    ),
  }).map(({ id }) => id);
}
