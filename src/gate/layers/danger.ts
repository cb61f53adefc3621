import type { Action } from "../../contracts/action.ts";
import { scopeParts } from "../../contracts/scope-parts.ts";
import { hashOf } from "../../std/hash.ts";
import { isEndorsed, isGranted, isTextSaid } from "../endorse.ts";
import type { AskReason, Facts, LayerAnswer, Standing } from "../gate.ts";
import { isProtected } from "../protected.ts";
import { isInside, type Parsed } from "../scopes.ts";

/**
 * Network out, programs, writes outside the workspace, secrets, files that other programs obey:
 * each asks with a key of what it is, the tool, the destination and who may have had a hand in it.
 * Nothing is asked where the operator already stands behind every destination and control value.
 */
export function dangerLayer(
  action: Action,
  standing: Standing,
  facts: Facts,
): readonly LayerAnswer[] {
  const answers: LayerAnswer[] = [];
  if (standing.inDoubt) {
    const key = `doubt:${action.kind}:${action.name}|${facts.argsHash()}`;
    answers.push({ verdict: "ask", reason: "ask:in_doubt", key });
  }
  // The operator was asked about a model once, when it was added or chosen.
  if (action.kind === "model" && standing.chosen) {
    return [...answers, { verdict: "allow", reason: "allow:chosen_model" }];
  }
  const dangers = facts.reach.filter((scope) => isDangerous(scope, standing));
  const asks = dangers.flatMap((scope) => answerTo(scope, action, standing));
  const controls = askAboutControls(dangers[0], action, standing);
  const protectedFiles = askAboutProtected(action, standing, facts);
  if (dangers.length > 0 && asks.length + controls.length + protectedFiles.length === 0) {
    answers.push({ verdict: "allow", reason: "allow:endorsed" });
  }
  return [...answers, ...mergeFiles(asks, action), ...controls, ...protectedFiles];
}

/**
 * True for reach that leaves the workspace in a way that matters: out, a program, a secret. A program
 * in a copy that is thrown away reaches that copy and nothing else.
 */
export function isDangerous(
  scope: Parsed,
  { workspace, scratch = false }: Pick<Standing, "workspace" | "scratch">,
): boolean {
  if (scope.kind === "write") return !isInside(workspace, scope.path);
  if (scope.kind === "exec") return !scratch;
  return scope.kind === "net" || scope.kind === "secret";
}

function answerTo(scope: Parsed, action: Action, standing: Standing): readonly LayerAnswer[] {
  if (scope.kind === "net" && scope.address !== "*" && scope.address.kind !== "public") {
    if (isGranted(scope, standing)) return [];
    // No one has business at a metadata service or an unspecified address without a grant.
    if (scope.address.kind === "forbidden") {
      return [{ verdict: "deny", reason: "deny:private_address", missing: scope.text }];
    }
    return [ask("ask:private_address", "private", scope.address.text, action)];
  }
  const reason = REASON_OF[scope.kind];
  if (reason === undefined || isEndorsed(scope, standing)) return [];
  return [ask(reason, scope.kind, scopeParts(scope.text).value, action)];
}

function ask(reason: AskReason, what: string, where: string, action: Action): LayerAnswer {
  return {
    verdict: "ask",
    reason,
    key: `${what}:${action.name}|${where}|${action.label.integrity}`,
  };
}

// How runs begun before labels were judged say their control values; the label layer asks now.
// A grant names places; how much or what is done there only the operator's own words can name.
function askAboutControls(
  danger: Parsed | undefined,
  action: Action,
  standing: Standing,
): readonly LayerAnswer[] {
  if (danger === undefined || action.controls === undefined) return [];
  const reason = REASON_OF[danger.kind] ?? "ask:net";
  const said = standing.said.toLowerCase();
  return action.controls
    .filter((value) => !isTextSaid(said, value.trim().toLowerCase()))
    .map((value) => ask(reason, "control", value.length >= 64 ? hashOf(value) : value, action));
}

const REASON_OF: Readonly<Partial<Record<Parsed["kind"], AskReason>>> = {
  net: "ask:net",
  exec: "ask:exec",
  write: "ask:write_outside",
  secret: "ask:secret",
};

// In a copy that is thrown away nobody runs or obeys them; the patch says what they became.
function askAboutProtected(
  action: Action,
  { scratch = false, workspace }: Standing,
  facts: Facts,
): readonly LayerAnswer[] {
  if (action.kind !== "commit") return [];
  const paths = facts.reach
    .flatMap((scope) => (scope.kind === "write" ? [scope.path] : []))
    .filter((path) => isProtected(path) && !(scratch && isInside(workspace, path)));
  if (paths.length === 0) return [];
  return [ask("ask:protected_file", "protected", fileSet(paths), action)];
}

/** A commit of many files outside is one question about the set, not one for each. */
function mergeFiles(asks: readonly LayerAnswer[], action: Action): readonly LayerAnswer[] {
  const outside = asks.filter((answer) => answer.reason === "ask:write_outside");
  if (action.kind !== "commit" || outside.length < 2) return asks;
  const keys = outside.flatMap((answer) => (answer.verdict === "ask" ? [answer.key] : []));
  const rest = asks.filter((answer) => answer.reason !== "ask:write_outside");
  return [...rest, ask("ask:write_outside", "write", fileSet(keys), action)];
}

function fileSet(paths: readonly string[]): string {
  const [only] = paths;
  if (paths.length === 1 && only !== undefined) return only;
  return `${paths.length} files ${hashOf(paths.toSorted())}`;
}
