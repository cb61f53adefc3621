import type { Plan, Task } from "../../contracts/plan.ts";
import { LIMITS } from "../../std/limits.ts";

/** Tasks that begin only in the place of another, when that fails. */
export function standIns(tasks: readonly Task[]): ReadonlySet<string> {
  return new Set(
    tasks.flatMap(({ recover }) => recover.flatMap((one) => one.fallback?.task ?? [])),
  );
}

/** The first tasks that wait for each other, `a b a`; null when they can all be done. */
export function cycleIn(tasks: readonly Task[]): readonly string[] | null {
  const needs = new Map(tasks.map((task) => [task.id, task.needs]));
  const done = new Set<string>();
  const circleFrom = (id: string, above: readonly string[]): readonly string[] | null => {
    if (done.has(id)) return null;
    const at = above.indexOf(id);
    if (at >= 0) return [...above.slice(at), id];
    for (const need of needs.get(id) ?? []) {
      const found = circleFrom(need, [...above, id]);
      if (found) return found;
    }
    done.add(id);
    return null;
  };
  for (const { id } of tasks) {
    const found = circleFrom(id, []);
    if (found) return found;
  }
  return null;
}

/** Tasks in an order in which each comes after what it needs; otherwise as in the plan. */
export function inOrder(tasks: readonly Task[]): readonly Task[] {
  const ordered: Task[] = [];
  const waiting = [...tasks];
  while (waiting.length > 0) {
    const at = waiting.findIndex(({ needs }) =>
      needs.every((need) => ordered.some(({ id }) => id === need)),
    );
    if (at < 0) throw new Error("bug: a plan with tasks in a circle was followed");
    ordered.push(...waiting.splice(at, 1));
  }
  return ordered;
}

/**
 * The most tasks that can go on at the same time, were there room for all: as many as there are
 * chains, at the least, that hold every task once (Dilworth), each the next of one it comes after.
 */
export function widthOf(tasks: readonly Task[]): number {
  const before = new Map<string, ReadonlySet<string>>();
  for (const { id, needs } of inOrder(tasks)) {
    before.set(id, new Set(needs.flatMap((need) => [need, ...(before.get(need) ?? [])])));
  }
  const next = new Map<string, string>();
  const follows = (id: string, tried: Set<string>): boolean => {
    for (const one of before.get(id) ?? []) {
      if (tried.has(one)) continue;
      tried.add(one);
      const other = next.get(one);
      if (other !== undefined && !follows(other, tried)) continue;
      next.set(one, id);
      return true;
    }
    return false;
  };
  return tasks.filter(({ id }) => !follows(id, new Set())).length;
}

/** The number before a task's first step: each has a thousand of its own. */
export function placeOf({ tasks }: Pick<Plan, "tasks">, { id }: Task): number {
  return (tasks.findIndex((task) => task.id === id) + 1) * LIMITS.taskSteps;
}
