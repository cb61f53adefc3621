import type { ModelEvent, ModelRequest } from "../../contracts/model.ts";
import type { Route } from "../../contracts/rules.ts";
import { firstLine } from "../../std/text.ts";
import type { Adapter } from "../adapter.ts";
import { boundedText, PLAYED_SETTINGS } from "../script.ts";
import { modelFailure } from "../failures.ts";
import { FREE } from "../model.ts";

/**
 * No model at all. What a route recognises is done before any model is asked; whoever gets here
 * asked for more, and is told so plainly. The answer ends with the failure `model.none` although it
 * has a text, because what was asked for was not done.
 */
export const openRules: Adapter = async (name, _config, deps) => ({
  name,
  host: null,
  price: FREE,
  takes: PLAYED_SETTINGS,
  stream: (request, signal) => answer(deps.routes, request, signal),
});

async function* answer(
  routes: readonly Route[],
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  if (signal.aborted) {
    yield { type: "end", finish: "cancelled", message: { role: "assistant", parts: [] } };
    return;
  }
  const { text } = boundedText(statement(routes), request);
  yield { type: "text", delta: text };
  yield {
    type: "end",
    finish: "stop",
    message: { role: "assistant", parts: [{ type: "text", text }] },
    usage: { input: 0, output: 0, cost: 0 },
    failure: modelFailure("model.none", {}),
  };
}

const SHOWN = 20;

function statement(routes: readonly Route[]): string {
  const lines = ["No language model is set up, so this request could not be understood."];
  if (routes.length > 0) {
    lines.push("", "Without one, I do what my routes recognise. For example:");
    for (const { example } of routes.slice(0, SHOWN)) lines.push(`- ${firstLine(example)}`);
    if (routes.length > SHOWN) lines.push(`- and ${routes.length - SHOWN} more`);
  } else {
    lines.push("There are no routes either, so nothing is recognised without one.");
  }
  lines.push(
    "",
    "To add a model: `nanos model list` shows what was found on this machine, and " +
      "`nanos model add` adds one.",
  );
  return lines.join("\n");
}
