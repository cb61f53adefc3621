import type { Action } from "../../contracts/action.ts";
import type { Facts, LayerAnswer, Standing } from "../gate.ts";
import { covers, isInside, normalPath, type Parsed, parseScope } from "../scopes.ts";

/**
 * Did the tool declare this reach, is it never the home, does it stay on this machine where the run
 * must, and is there a sandbox that holds it?
 */
export function scopeLayer(
  action: Action,
  standing: Standing,
  facts: Facts,
): readonly LayerAnswer[] {
  const answers: LayerAnswer[] = [];
  const declared = standing.declared?.map(parseScope) ?? null;
  for (const wanted of facts.reach) {
    if (touches(standing.home, wanted)) {
      answers.push({ verdict: "deny", reason: "deny:scope_too_wide", missing: wanted.text });
    } else if (!isDeclared(wanted, declared)) {
      answers.push({ verdict: "deny", reason: "deny:scope_missing", missing: wanted.text });
    } else if (standing.localOnly && leavesMachine(wanted)) {
      answers.push({ verdict: "deny", reason: "deny:local_only", missing: wanted.text });
    }
  }
  // What the operator marked unconfined needs no sandbox; its rank makes it ask instead.
  if (!standing.held && action.unconfined !== true) {
    answers.push({ verdict: "deny", reason: "deny:no_isolation" });
  }
  return answers;
}

function isDeclared(wanted: Parsed, declared: readonly Parsed[] | null): boolean {
  if (wanted.kind === "malformed") return false;
  return declared === null || declared.some((scope) => covers(scope, wanted));
}

/** True for any host but this machine's own. */
export function leavesMachine(scope: Parsed): boolean {
  return scope.kind === "net" && (scope.address === "*" || scope.address.kind !== "loopback");
}

function touches(folder: string, wanted: Parsed): boolean {
  const path = pathIn(wanted);
  if (path === null) return false;
  const home = foldedPath(folder);
  const folded = foldedPath(path);
  return isInside(home, folded) || isInside(folded, home);
}

function pathIn(scope: Parsed): string | null {
  if ("path" in scope) return scope.path;
  return scope.kind === "exec" ? normalPath(scope.value) : null;
}

// Some file systems ignore case, and a wrong denial here costs nothing.
function foldedPath(path: string): string {
  return (normalPath(path) ?? path).normalize("NFC").toLowerCase();
}
