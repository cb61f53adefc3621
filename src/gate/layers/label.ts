import type { Action, Deciding } from "../../contracts/action.ts";
import { scopeParts } from "../../contracts/scope-parts.ts";
import { hashOf } from "../../std/hash.ts";
import type { AskReason, Facts, Flow, LayerAnswer, Standing } from "../gate.ts";
import { mayRead } from "../labels.ts";
import { isDangerous } from "./danger.ts";
import { leavesMachine } from "./scope.ts";

/**
 * May a value with this label go there, and whose idea is the call?
 *
 * A stored secret leaves the machine only as a handle, and is kept in no note and no file. What acts
 * outside asks where the model may be speaking for somebody else: about values that decide where it
 * goes or what it does and that nobody stands behind, a tool first thought of after the run had read
 * what others write, private data on its way to somebody nobody named, and the same once more.
 */
export function labelLayer(
  action: Action,
  standing: Standing,
  facts: Facts,
): readonly LayerAnswer[] {
  const secrets = aboutSecrets(action, facts);
  const { flow } = standing;
  if (secrets.length > 0 || flow === undefined || !isSink(action, standing, facts)) return secrets;
  // What the operator calls by name, with their own arguments, is their own idea.
  if (action.agent === "operator" && action.label.integrity === "operator") return [];
  const values = openValues(action, flow).map(({ value, reason }) =>
    ask(reason, valueKey(action, value)),
  );
  return action.reads === true
    ? values
    : [...values, ...aboutReaders(action), ...aboutUse(action, flow)];
}

function aboutSecrets(action: Action, facts: Facts): readonly LayerAnswer[] {
  if (action.label.secrecy !== "secret") return [];
  if (facts.reach.some(leavesMachine)) {
    return [{ verdict: "deny", reason: "deny:secret_in_arguments" }];
  }
  const keeps = action.kind === "note" || action.kind === "commit";
  return keeps ? [{ verdict: "deny", reason: "deny:unlabelled" }] : [];
}

/** A call that acts outside what can be undone. What a tool asks back for follows from its call. */
function isSink(action: Action, standing: Standing, { reach }: Facts): boolean {
  if (action.kind !== "tool") return false;
  return action.irreversible === true || reach.some((one) => isDangerous(one, standing));
}

/** A value the operator has to stand behind first, and why. */
interface Open {
  readonly value: Deciding;
  readonly reason: AskReason;
}

/** The values of a call that nobody stands behind, where that matters; in the order of arguments. */
export function openValues(action: Action, flow: Flow): readonly Open[] {
  const { decides = [], label } = action;
  const isTainted = label.integrity === "untrusted";
  if (action.reads === true) {
    // Looking something up is free, but what is looked up may carry what was read elsewhere.
    if (!isTainted || label.secrecy === "public") return [];
    return decides
      .filter(({ origin }) => origin === "none" || origin === "untrusted")
      .map((value) => ({ value, reason: "ask:private_data" }));
  }
  return decides.flatMap((value): Open[] => {
    if (!isBacked(value, action, flow)) return [{ value, reason: "ask:value" }];
    const leaks = isTainted && label.secrecy !== "public" && value.role !== "control";
    return leaks && value.origin === "directory" && label.readers === undefined
      ? [{ value, reason: "ask:private_data" }]
      : [];
  });
}

function isBacked(value: Deciding, { label }: Action, { planned }: Flow): boolean {
  const isClean = label.integrity !== "untrusted";
  switch (value.origin) {
    case "said":
      return true;
    case "directory":
      return planned || isClean;
    case "returned":
    case "untrusted":
      return false;
    case "none":
      // The host of an address is the danger layer's question; its path the model may make up.
      if (value.role !== "control" && ADDRESS.test(value.value)) return isClean;
      // Without a role it may as well be the text of a letter; the operator's own model wrote it.
      return value.role === "undeclared" && label.integrity === "operator";
  }
}

const ADDRESS = /^https?:\/\//iu;

/** Where a label says who may read what is on it, nobody else gets it, whoever named them. */
function aboutReaders(action: Action): readonly LayerAnswer[] {
  const { decides = [], label } = action;
  if (label.secrecy === "public") return [];
  const values = decides.flatMap(({ role, value }) => (role === "control" ? [] : [value]));
  const hosts = action.destinations.map((scope) => scopeParts(scope).value.replace(/:\d+$/u, ""));
  return (values.length > 0 ? values : hosts)
    .filter((place) => !mayRead(label, place))
    .map((place) => ask("ask:private_data", readerKey(action, place)));
}

function aboutUse(action: Action, flow: Flow): readonly LayerAnswer[] {
  if (action.label.integrity !== "untrusted") return [];
  const answers: LayerAnswer[] = [];
  if (!flow.planned) answers.push(ask("ask:unplanned", `plan:${action.name}`));
  if (flow.uses > 0) {
    const key = `again:${action.name}|${flow.uses}|${hashOf(destinationsOf(action))}`;
    answers.push(ask("ask:repeated", key));
  }
  return answers;
}

/** What stands for the places a call goes to: the same call to the same place has the same. */
export function destinationsOf(action: Action): string[] {
  const values = (action.decides ?? []).filter(({ role }) => role === "destination");
  return [...new Set([...action.destinations, ...values.map(({ value }) => value)])].toSorted();
}

/** The key of the ask about one value: an answer to it holds for this value of this tool. */
export function valueKey(
  { name, label }: Pick<Action, "name" | "label">,
  { role, value }: Deciding,
): string {
  const what = role === "control" ? "control" : "to";
  return `${what}:${name}|${keyText(value)}|${label.integrity}`;
}

/** The key of the ask about a place that may not read what would go there. */
export function readerKey({ name }: Pick<Action, "name">, place: string): string {
  return `reader:${name}|${keyText(place)}`;
}

function keyText(value: string): string {
  return value.length >= 64 ? hashOf(value) : value;
}

function ask(reason: AskReason, key: string): LayerAnswer {
  return { verdict: "ask", reason, key };
}
