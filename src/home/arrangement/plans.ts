import { basename, resolve } from "node:path";
import type { Plan } from "../../contracts/plan.ts";
import type { CheckReport } from "../../contracts/portable.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import { readPlain } from "../files.ts";
import type { Path } from "./explain.ts";
import { limitItems, type Loading } from "./loading.ts";
import { manifestError, parseManifest } from "./manifest.ts";

/** What is wrong with a plan beyond its shape; the missions know how to tell. */
export type PlanCheck = (plan: Plan) => readonly { readonly path: Path; readonly text: string }[];

/** Plans in `plans/`, by name. */
export async function loadPlans(
  loading: Loading,
  check?: PlanCheck,
): Promise<Readonly<Record<string, Plan>>> {
  const files = loading.files.children("plans").filter((name) => name.endsWith(".yaml"));
  limitItems(loading, "plans", files.length);
  const plans: Record<string, Plan> = {};
  for (const file of files) {
    const plan = await loadPlan(loading, `plans/${file}`, check);
    if (plan) plans[plan.name] = plan;
  }
  return plans;
}

/** Reads one plan; null where it is none, which is then reported. */
export async function loadPlan(
  loading: Loading,
  path: string,
  check?: PlanCheck,
): Promise<Plan | null> {
  const { Plan: schema } = await import("../../contracts/plan.ts");
  const file = await loading.read(path, schema, "yaml");
  if (file === null) return null;
  const { value } = file;
  for (const { path: where, text } of check?.(value) ?? []) {
    loading.problems.push({ file: path, ...file.at(where), text });
  }
  const wanted = basename(path, ".yaml");
  if (/(?:^|\/)plans\//u.test(path) && wanted !== value.name) {
    const text = `the plan of ${basename(path)} is called '${wanted}', not '${value.name}'`;
    loading.problems.push({ file: path, ...file.at(["name"]), text });
  }
  return value;
}

/**
 * Everything that is wrong with a plan anywhere on this machine, and the plan where nothing is.
 *
 * @throws NanosError `plan.missing`.
 */
export async function checkPlan(
  file: string,
  check: PlanCheck,
): Promise<{ readonly plan: Plan | null; readonly report: CheckReport }> {
  const path = resolve(file);
  const text = readPlain(path, LIMITS.manifestBytes)?.toString("utf8");
  if (text === undefined) {
    const message = `There is no file ${plainText(file)}.`;
    throw new NanosError(
      "plan.missing",
      message,
      "Name a YAML file, or a plan of the arrangement.",
    );
  }
  const { plan, report } = await planIn(file, text, check);
  return { plan, report: { ...report, path } };
}

/** The plan in a text that problems call `file`, or everything that is wrong with it. */
export async function planIn(
  file: string,
  text: string,
  check: PlanCheck,
): Promise<{ readonly plan: Plan | null; readonly report: CheckReport }> {
  const { Plan: schema } = await import("../../contracts/plan.ts");
  const parsed = await parseManifest(file, text, schema, "yaml");
  const problems = parsed.ok
    ? check(parsed.value).map(({ path: at, text: what }) => ({
        file,
        ...parsed.at(at),
        text: what,
      }))
    : parsed.problems;
  const ok = problems.length === 0;
  const report = { path: file, kind: "plan", ok, problems, warnings: [] };
  return { plan: parsed.ok && ok ? parsed.value : null, report };
}

/** The plan in a file. @throws NanosError `plan.missing`, `manifest.invalid`. */
export async function readPlan(file: string, check: PlanCheck): Promise<Plan> {
  const { plan, report } = await checkPlan(file, check);
  if (plan) return plan;
  throw manifestError(".", report.problems);
}
