import type { Failure } from "../contracts/outcome.ts";
import { NanosError } from "../std/error.ts";
import { clip, plainText } from "../std/text.ts";

/** What is written about one failure code. `{model}`, `{host}` and the like are filled in. */
export interface FailureText {
  /** One sentence: what happened. */
  readonly says: string;
  /** What to do next. */
  readonly next: string;
  /** True when the same request may pass a little later: it is tried again. */
  readonly passes: boolean;
}

/** Every way a model can fail. The documentation is generated from this list. */
export const MODEL_FAILURES = {
  "model.bad_config": text(
    "Model {model} is not set up right.",
    "Correct it under `models` in config.yaml, or run `nanos model add` again.",
  ),
  "model.no_key": text(
    "Model {model} needs a key, and the variable {keyEnv} is empty.",
    "Set {keyEnv} in the environment of nanos, or choose another model with `nanos model use`.",
  ),
  "model.none": text(
    "No language model is set up.",
    "`nanos model list` shows what this machine has, `nanos model add` adds one.",
  ),
  "model.unreachable": text(
    "Nothing answers at {url}.",
    "Is it running? Start it, or correct the URL of model {model}.",
  ),
  "model.redirected": text(
    "{host} wants to send the request elsewhere, and a key must not travel there.",
    "Set the URL of model {model} to the final address.",
  ),
  "model.unauthorized": text(
    "{host} does not accept the key of model {model}.",
    "Check the key in the variable that `key-env` names, and that it belongs to this provider.",
  ),
  "model.forbidden": text(
    "{host} does not let this key use model {model}.",
    "Check what the key may do at the provider, or choose another model.",
  ),
  "model.not_found": text(
    "{host} has no model {id}.",
    "See `nanos model list` for what is there; a local server may have to load or pull it first.",
  ),
  "model.wrong_url": text(
    "{host} answers, but not at {url}.",
    "Check the path of the URL; most servers expect it to end in /v1.",
  ),
  "model.context_full": text(
    "The conversation is longer than model {model} can read.",
    "Start a new one, ask for less at once, or use a model with a larger context.",
  ),
  "model.tools_unsupported": text(
    "Model {model} cannot call tools.",
    "`nanos model probe {model}` finds out whether it can be told of them in words; or choose another.",
  ),
  "model.bad_request": text(
    "{host} does not understand the request.",
    "Check adapter, URL and model id of {model}; the provider's own words are above.",
  ),
  "model.quota": text(
    "The account behind model {model} has nothing left to spend.",
    "Look at the billing page of the provider, or choose another model.",
  ),
  "model.rate_limited": passing(
    "{host} takes no more requests for now.",
    "Wait a while and resume, or choose another model.",
  ),
  "model.overloaded": passing(
    "{host} is overloaded.",
    "Wait a while and resume, or choose another model.",
  ),
  "model.provider_error": passing(
    "{host} failed while answering.",
    "Try again; if it stays, look at the log of the server or the status page of the provider.",
  ),
  "model.cut": passing(
    "The answer of {host} broke off before its end.",
    "Try again; if it stays, look at the log of the server or at the network.",
  ),
  "model.silent": text(
    "{host} said nothing for {seconds} s.",
    "See whether the server is stuck or the model too large for the machine, then resume.",
  ),
  "model.line_too_long": text(
    "{host} sent a line of more than {limit} bytes.",
    "This is not a stream nanos can read; check adapter and URL of model {model}.",
  ),
  "model.answer_too_long": text(
    "The answer of {host} is larger than {limit} bytes.",
    "Set a lower `maxTokens` for model {model}, or ask for less at once.",
  ),
  "model.bad_frame": text(
    "{host} sent something that is not of its protocol.",
    "Check adapter and URL of model {model}; a proxy or login page may be in between.",
  ),
  "model.bad_mapping": text(
    "The answer of {host} has nothing at {path}.",
    "Correct the paths under `http` of model {model}; they are read from the answer's JSON.",
  ),
  "model.empty": text(
    "{host} ended its answer without saying anything.",
    "Try again, or choose another model; small ones do this when the prompt is too long for them.",
  ),
  "model.filtered": text(
    "{host} held back its answer.",
    "Say it differently, or choose another model; this is the provider's rule, not one of nanos.",
  ),
  "model.no_embeddings": text(
    "Model {model} makes no embeddings.",
    "Ask one that does: `nanos model add NAME --adapter ollama --model ID --embeddings` adds it.",
  ),
  "model.no_dimensions": text(
    "Model {model} makes vectors of {made} numbers and of no other length.",
    "Ask without `dimensions`, or another model.",
  ),
  "model.script_exhausted": text(
    "Script {file} has no answer for agent {agent}, asked: {asked}",
    "Add a turn that fits, or ask what the script was recorded for.",
  ),
  "model.bad_script": text(
    "Script {file} cannot be used.",
    "Correct the file; the format is described in the documentation of the script adapter.",
  ),
  "model.no_engine": text(
    "Model {model} is run by node-llama-cpp, which was not found.",
    "Install it with `npm install --global node-llama-cpp@{version}`, or say where it is with `--package`.",
  ),
  "model.bad_engine": text(
    "The engine of model {model}, node-llama-cpp, failed.",
    "See whether it works by itself: `npx node-llama-cpp inspect gpu`. Else install it anew.",
  ),
  "model.bad_file": text(
    "{file} is no model this machine can run.",
    "Name a GGUF file that is whole, of a kind that node-llama-cpp knows.",
  ),
  "model.too_large": text(
    "Model {model} takes more memory than it may.",
    "Ask for a smaller window with `--context`, or use a smaller model.",
  ),
  "model.bridge": text(
    "The model object behind {model} threw an error.",
    "Look at the provider package it comes from; nanos only passes the request on.",
  ),
} as const satisfies Record<`model.${string}`, FailureText>;

export type ModelFailureCode = keyof typeof MODEL_FAILURES;

/** What may stand in a failure's sentence. `detail` is the provider's own words, cut and cleaned. */
export interface Facts {
  readonly [name: string]: string | number | undefined;
}

/**
 * The failure `code` about `facts`. `detail` comes from outside: it is stripped of control
 * characters, cut to one short line, and must have had secrets removed by the caller.
 */
export function modelFailure(code: ModelFailureCode, facts: Facts, detail = ""): Failure {
  const entry = MODEL_FAILURES[code];
  const said = clip(plainText(detail).replace(/\s+/gu, " ").trim(), 300);
  const message = fill(entry.says, facts);
  return {
    code,
    message: said === "" ? message : `${message} It said: ${said}`,
    next: fill(entry.next, facts),
  };
}

/** The same as an error, for what a person must correct before a model can be opened. */
export function modelError(code: ModelFailureCode, facts: Facts, detail = ""): NanosError {
  const entry = MODEL_FAILURES[code];
  const said = clip(plainText(detail).trim(), 500);
  const message = fill(entry.says, facts);
  return new NanosError(
    code,
    said === "" ? message : `${message} ${said}`,
    fill(entry.next, facts),
  );
}

/** True for a failure that may pass by itself, so that trying again makes sense. */
export function mayPass(failure: Failure): boolean {
  return Object.hasOwn(MODEL_FAILURES, failure.code)
    ? MODEL_FAILURES[failure.code as ModelFailureCode].passes
    : false;
}

function text(says: string, next: string): FailureText {
  return { says, next, passes: false };
}

function passing(says: string, next: string): FailureText {
  return { says, next, passes: true };
}

function fill(sentence: string, facts: Facts): string {
  return sentence.replace(/\{(\w+)\}/gu, (hole, name: string) => {
    const fact = facts[name];
    return fact === undefined ? hole : clip(plainText(String(fact)), 300);
  });
}
