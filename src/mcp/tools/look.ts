import { z } from "zod";
import type { Trace, TraceStep } from "../../contracts/trace.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, firstLine, plainText } from "../../std/text.ts";
import { artifactText } from "../resources.ts";
import { Artifact, Artifacts, Notes, Outline, Runs } from "../shapes.ts";
import { type McpTool, mcpTool, result, type Served } from "../tool.ts";

const Id = z.string().max(LIMITS.rpcIdChars);
const Words = z.string().max(1_000);
const Limit = z.number().int().min(1).max(LIMITS.clientListed).default(50);

/** Looking at what is here: artifacts, memory and the journal, as the operator sees them. */
export function lookTools(served: Served): readonly McpTool[] {
  return [...artifactTools(served), memoryTool(served), ...journalTools(served)];
}

function artifactTools({ nanos }: Served): readonly McpTool[] {
  return [
    mcpTool({
      name: "artifact_list",
      description: "Results that were kept, newest first, with their review.",
      reads: true,
      input: z.strictObject({ run: Id.optional(), title: Words.optional(), limit: Limit }),
      output: Artifacts,
      run: ({ run, title, limit }) =>
        result({
          artifacts: nanos.vault.list({
            limit,
            ...(run === undefined ? {} : { run }),
            ...(title === undefined ? {} : { title }),
          }),
        }),
    }),
    mcpTool({
      name: "artifact_get",
      description: "One artifact with its text. Its bytes are the resource nanos://artifacts/ID.",
      reads: true,
      input: z.strictObject({ id: Id }),
      output: Artifact,
      run: ({ id }) => {
        const { changes: _, ...about } = nanos.vault.show(id);
        const text = artifactText(nanos, id);
        return result(about, text === null ? undefined : clip(text, LIMITS.clientTextChars));
      },
    }),
  ];
}

function memoryTool({ nanos }: Served): McpTool {
  return mcpTool({
    name: "memory_search",
    description: "Notes that hold these words, best first, with who had a hand in each.",
    reads: true,
    input: z.strictObject({ words: Words }),
    output: Notes,
    run: async ({ words }) => {
      const found = await nanos.memory.search(words);
      const notes = found.slice(0, LIMITS.clientListed).map(({ id, memory, text, label }) => {
        return { id, memory, text, label };
      });
      return result({ notes, of: found.length });
    },
  });
}

function journalTools({ nanos }: Served): readonly McpTool[] {
  return [
    mcpTool({
      name: "journal_search",
      description: `Runs whose request, agent or outcome holds all of these words, among the newest ${LIMITS.clientSearched}.`,
      reads: true,
      input: z.strictObject({ words: Words, limit: Limit }),
      output: Runs,
      run: ({ words, limit }) => {
        const wanted = words
          .toLowerCase()
          .split(/\s+/u)
          .filter((word) => word !== "");
        const runs = nanos.traces
          .list({ limit: LIMITS.clientSearched })
          .filter(({ run, request, agent, outcome, state }) => {
            const text = [run, request, agent, outcome ?? state].join("\n").toLowerCase();
            return wanted.every((word) => text.includes(word));
          })
          .slice(0, limit)
          .map((line) => ({ ...line, request: firstLine(line.request, 300) }));
        return result({ runs });
      },
    }),
    mcpTool({
      name: "trace_show",
      description: "What one run did, step by step, and what the gate said of each.",
      reads: true,
      input: z.strictObject({ run: Id }),
      output: Outline,
      run: ({ run }) => {
        if (nanos.traces.line(run) === null) throw unknownRun(run);
        return result(outlineOf(nanos.traces.show(run)));
      },
    }),
  ];
}

function unknownRun(run: string): NanosError {
  return new NanosError("run.unknown", `There is no run ${plainText(run)}.`, "Search for it.");
}

/** A run without the texts that went through it: those are in the resource of its events. */
function outlineOf({ run, agent, request, state, end, steps }: Trace): object {
  return { run, agent, request, state, end, steps: steps.map((step) => outline(step)) };
}

function outline({ step, kind, name, agent, decision, status, ms, child }: TraceStep): object {
  const decided = decision && { verdict: decision.verdict, reason: decision.reason };
  const inner = child && { run: child.run, state: child.state };
  return { step, kind, name, agent, decided, status, ms, ...(inner && { inner }) };
}
