import type { Check, Plan, Recover, Task } from "../../contracts/plan.ts";
import { compilePattern } from "../../gate/rules/pattern.ts";
import type { Json } from "../../std/json.ts";
import { nearest } from "../../std/nearest.ts";
import { type Expression, parseExpression, pathsIn } from "../words/expression.ts";
import { parseTemplate, textsIn } from "../words/template.ts";
import { cycleIn, standIns } from "./order.ts";

/** One thing wrong in a plan that fits its schema, and where. */
export interface PlanFault {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** What a plan may name here; absent where that is not known. */
export interface Known {
  /** The agent whose they are. */
  readonly by: string;
  readonly tools: readonly string[];
  readonly agents: readonly string[];
  readonly models: readonly string[];
}

/**
 * Everything that is wrong with a plan beyond its shape: tasks in a circle, names that lead nowhere,
 * conditions that cannot be read, places that look at what is not there yet.
 */
export function planFaults(plan: Plan, known?: Known): readonly PlanFault[] {
  const faults: PlanFault[] = [...inputFaults(plan), ...profileFaults(plan)];
  const ids = plan.tasks.map(({ id }) => id);
  for (const [i, task] of plan.tasks.entries()) {
    const at = (...path: Path): Path => ["tasks", i, ...path];
    const say = (path: Path, text: string): void => void faults.push({ path, text });
    if (ids.indexOf(task.id) < i) say(at("id"), `the id '${task.id}' is used twice`);
    for (const [n, need] of task.needs.entries()) {
      if (need === task.id) say(at("needs", n), `'${need}' would wait for itself`);
      else if (!ids.includes(need)) say(at("needs", n), unknown("task", need, ids));
    }
    for (const { path, text } of [...wordFaults(plan, task), ...recoverFaults(plan, task)]) {
      say(at(...path), text);
    }
    for (const [n, name] of (task.profiles ?? []).entries()) {
      const names = Object.keys(plan.profiles);
      if (!names.includes(name)) say(at("profiles", n), unknown("profile", name, names));
    }
    if (known) for (const { path, text } of nameFaults(task, known)) say(at(...path), text);
  }
  for (const [i, { inputs }] of (plan.then ?? []).entries()) {
    faults.push(...thenFaults(plan, inputs, ["then", i, "inputs"]));
  }
  const circle = faults.length === 0 ? cycleIn(plan.tasks) : null;
  if (circle) {
    const path = ["tasks", ids.indexOf(circle[0] ?? ""), "needs"];
    faults.push({ path, text: `tasks wait for each other: ${circle.join(" needs ")}` });
  }
  return faults;
}

function unknown(what: string, name: string, names: readonly string[], by?: string): string {
  const near = nearest(name, names);
  const lacks = by === undefined ? `there is no ${what}` : `${by} has no ${what}`;
  return `${lacks} '${name}'${near === undefined ? "" : `; did you mean '${near}'?`}`;
}

function inputFaults({ inputs }: Plan): readonly PlanFault[] {
  return Object.entries(inputs).flatMap(([name, { type, choices, default: given }]) => {
    if (given === undefined) return [];
    const fits =
      type === "choice"
        ? choices?.includes(String(given)) === true
        : typeof given === (type === "text" ? "string" : type);
    const text = `is no ${type === "choice" ? "choice of this input" : type}`;
    return fits ? [] : [{ path: ["inputs", name, "default"], text }];
  });
}

function profileFaults({ profiles }: Plan): readonly PlanFault[] {
  return Object.entries(profiles).flatMap(([name, { rules }]) =>
    rules.flatMap(({ id }, i) =>
      rules.findIndex((rule) => rule.id === id) === i
        ? []
        : [
            {
              path: ["profiles", name, "rules", i, "id"],
              text: `the id '${id}' is used twice`,
            },
          ],
    ),
  );
}

/** What follows looks at every task: all of them have ended. */
function thenFaults(plan: Plan, inputs: Json, at: Path): readonly PlanFault[] {
  const last = { id: "then", needs: plan.tasks.map(({ id }) => id) };
  return textsIn(inputs).flatMap(({ text, path }) => {
    const parts = parseTemplate(text);
    const all = typeof parts === "string" ? [parts] : parts.flatMap(leadsNowhere(plan, last));
    return all.map((one) => ({ path: [...at, ...path], text: one }));
  });
}

/** Conditions, templates and patterns of one task. */
function wordFaults(plan: Plan, task: Task): readonly PlanFault[] {
  const { prompt = "", input = null, args = null, when, checks } = task;
  const faults: PlanFault[] = Object.entries({ prompt, input, args }).flatMap(([field, value]) =>
    textsIn(value).flatMap(({ text, path }) => {
      const parts = parseTemplate(text);
      const all = typeof parts === "string" ? [parts] : parts.flatMap(leadsNowhere(plan, task));
      return all.map((one) => ({ path: [field, ...path], text: one }));
    }),
  );
  if (when !== undefined) {
    faults.push(...conditionFaults(when, ["when"], leadsNowhere(plan, task)));
  }
  return [...faults, ...checks.flatMap((check, i) => checkFaults(plan, task, check, i))];
}

function conditionFaults(
  text: string,
  path: Path,
  leads: (one: Expression) => readonly string[],
): PlanFault[] {
  const found = parseExpression(text);
  const all = typeof found === "string" ? [`'${text}' ${found}`] : leads(found);
  return all.map((one) => ({ path, text: one }));
}

function checkFaults(plan: Plan, task: Task, check: Check, i: number): readonly PlanFault[] {
  const { id, that, matches, evidence } = check;
  const faults: PlanFault[] = [];
  const twice = task.checks.findIndex((one) => checkId(one) === checkId(check)) < i;
  if (twice) {
    const text = `two checks are called '${checkId(check)}'; give one an id`;
    faults.push({ path: ["checks", i, ...(id === undefined ? [] : ["id"])], text });
  }
  if (that !== undefined) {
    const leads = leadsNowhere(plan, task, true);
    faults.push(...conditionFaults(that, ["checks", i, "that"], leads));
  }
  const pattern = matches === undefined ? null : compilePattern(matches, "u");
  if (pattern && "fault" in pattern) {
    faults.push({ path: ["checks", i, "matches"], text: `it ${pattern.why || "is no pattern"}` });
  }
  if (evidence !== undefined && task.agent === undefined) {
    const text = "only an agent's record shows evidence";
    faults.push({ path: ["checks", i, "evidence"], text });
  }
  return faults;
}

/** The name of a check: its own, or the kind of it. */
export function checkId({ id, says: _, observe: _observe, ...kind }: Check): string {
  return id ?? Object.keys(kind)[0] ?? "check";
}

/** What the paths of an expression look at and cannot find when the task begins. */
function leadsNowhere(plan: Plan, task: Pick<Task, "id" | "needs">, output = false) {
  const inputs = Object.keys(plan.inputs);
  return (part: string | Expression): readonly string[] => {
    if (typeof part === "string") return [];
    return pathsIn(part).flatMap(([root = "", name = "", field]) => {
      if (output && root === "output") return [];
      if (root === "inputs") return inputs.includes(name) ? [] : [unknown("input", name, inputs)];
      if (root !== "tasks")
        return [`'${root}' is none of inputs, tasks${output ? ", output" : ""}`];
      if (!task.needs.includes(name))
        return [`'${task.id}' looks at '${name}' and does not need it`];
      const isField = field === "output" || field === "status";
      return isField ? [] : [`of a task there is tasks.${name}.output and tasks.${name}.status`];
    });
  };
}

function recoverFaults(plan: Plan, task: Task): readonly PlanFault[] {
  const spare = standIns(plan.tasks);
  return task.recover.flatMap(({ fallback }: Recover, i) => {
    if (fallback === undefined) return [];
    const path = ["recover", i, "fallback"];
    if (fallback.task === undefined) {
      return task.agent === undefined ? [{ path, text: "a tool has no other model or agent" }] : [];
    }
    const other = plan.tasks.find(({ id }) => id === fallback.task);
    if (other === undefined) {
      const ids = plan.tasks.map(({ id }) => id);
      return [{ path: [...path, "task"], text: unknown("task", fallback.task, ids) }];
    }
    const needed = plan.tasks.some(({ needs }) => needs.includes(other.id));
    const foreign = other.needs.find((need) => !task.needs.includes(need));
    const why = needed
      ? `others need '${other.id}', which begins only in place of '${task.id}'`
      : foreign !== undefined
        ? `'${other.id}' needs '${foreign}', and '${task.id}' does not`
        : spare.has(task.id) ||
            other.recover.length > 0 ||
            other.when !== undefined ||
            other.profiles
          ? `'${other.id}' stands in for another, and has no recover, when and profiles of its own`
          : null;
    return why === null ? [] : [{ path: [...path, "task"], text: why }];
  });
}

function nameFaults(task: Task, known: Known): readonly PlanFault[] {
  const faults: PlanFault[] = [];
  const look = (what: "tool" | "agent" | "model", name: string | undefined, path: Path): void => {
    const names = known[`${what}s`];
    if (name === undefined || names.includes(name)) return;
    const text =
      what === "model" ? unknown(what, name, names) : unknown(what, name, names, known.by);
    faults.push({ path, text });
  };
  look("tool", task.tool, ["tool"]);
  look("agent", task.agent, ["agent"]);
  for (const [i, { fallback }] of task.recover.entries()) {
    look("agent", fallback?.agent, ["recover", i, "fallback", "agent"]);
    look("model", fallback?.model, ["recover", i, "fallback", "model"]);
  }
  return faults;
}

type Path = readonly (string | number)[];
