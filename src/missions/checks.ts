import type { Checked } from "../contracts/checked.ts";
import type { Evidence } from "../contracts/outcome.ts";
import type { Check } from "../contracts/plan.ts";
import { compilePattern } from "../gate/rules/pattern.ts";
import { messageOf } from "../std/error.ts";
import { type Json, isObject } from "../std/json.ts";
import { misfits } from "../tools/schema.ts";
import { checkId } from "./plan/check.ts";
import { parseExpression, valueOf } from "./words/expression.ts";

/** What a task came to, as its checks look at it. */
export interface Checkable {
  readonly output: Json;
  /** What its agent's record shows; null for a tool. */
  readonly evidence: Evidence | null;
  /** What conditions may look at: inputs, and the tasks it needs. */
  readonly values: Json;
}

/**
 * How an output stands to each of its checks. What the operator let go is waived, and not looked at;
 * what could not be told is unknown, and that is not met. `waived` has what was let go, with the reason.
 */
export function checked(
  checks: readonly Check[],
  of: Checkable,
  waived: ReadonlyMap<string, string | null>,
): Promise<readonly Checked[]> {
  return Promise.all(
    checks.map(async (check): Promise<Checked> => {
      const id = checkId(check);
      const observe = check.observe ? { observe: true } : {};
      const because = waived.get(id);
      if (because !== undefined) {
        return { id, status: "waived", ...observe, ...(because === null ? {} : { why: because }) };
      }
      const found = await find(check, of);
      if (found === null) return { id, status: "met", ...observe };
      return { id, status: found.status, ...observe, why: found.why };
    }),
  );
}

interface Found {
  readonly status: "missed" | "unknown";
  readonly why: string;
}

async function find(check: Check, { output, evidence, values }: Checkable): Promise<Found | null> {
  const { contains, lacks, matches, words, schema, that } = check;
  if (schema !== undefined) return fits(schema, output);
  if (check.evidence !== undefined) return shows(check.evidence, evidence);
  if (that !== undefined) return holds(that, values, output);
  const text = typeof output === "string" ? output : null;
  if (text === null) return { status: "unknown", why: "it is no text" };
  if (contains !== undefined && !text.includes(contains)) {
    return missed(`it does not hold "${contains}"`);
  }
  if (lacks !== undefined && text.includes(lacks)) return missed(`it holds "${lacks}"`);
  if (matches !== undefined) return matched(matches, text);
  const count = text.split(/\s+/u).filter((word) => word !== "").length;
  return words !== undefined && count > words
    ? missed(`it has ${count} words, and ${words} are allowed`)
    : null;
}

function missed(why: string): Found {
  return { status: "missed", why };
}

function matched(source: string, text: string): Found | null {
  const pattern = compilePattern(source, "u");
  if ("fault" in pattern) return { status: "unknown", why: "the pattern cannot be read" };
  if (!pattern.fits(text)) return { status: "unknown", why: "it is too long to be matched" };
  return pattern.test(text) ? null : missed(`it does not match ${source}`);
}

async function fits(schema: Json, output: Json): Promise<Found | null> {
  const value = typeof output === "string" ? jsonIn(output) : output;
  if (value === undefined) return missed("it is no JSON");
  try {
    const misfit = await misfits(schema, value);
    return misfit.length === 0 ? null : missed(misfit.join("; "));
  } catch (error) {
    return { status: "unknown", why: `the schema cannot be used: ${messageOf(error)}` };
  }
}

function jsonIn(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function shows(what: "steps" | "files", evidence: Evidence | null): Found | null {
  if (evidence === null) return { status: "unknown", why: "no record shows what it did" };
  if (evidence[what].length > 0) return null;
  return missed(`nothing on its record shows ${what === "files" ? "a changed file" : "a step"}`);
}

function holds(that: string, values: Json, output: Json): Found | null {
  const expression = parseExpression(that);
  if (typeof expression === "string") return { status: "unknown", why: expression };
  const value = valueOf(expression, { ...(isObject(values) ? values : {}), output });
  if (value === true) return null;
  return value === false
    ? missed(`it is not so that ${that}`)
    : { status: "unknown", why: `whether ${that} cannot be told of it` };
}
