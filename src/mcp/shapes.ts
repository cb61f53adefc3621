import { z } from "zod";

/**
 * What the answers of tools have at least, as their output schemas say it. More may be added to an
 * answer at any time, so that each is open; `mcpTool` holds every answer against its own.
 */

/** A run as its client is told of it. */
export const Came = z.looseObject({
  run: z.string(),
  state: z.enum(["running", "waiting", "ended"]),
  outcome: z.string().optional(),
  text: z.string().optional(),
  asks: z
    .array(z.looseObject({ id: z.string(), what: z.string(), approve: z.string() }))
    .optional(),
});

/** A run, or a mission, that is being stopped. */
export const Stopped = { cancelled: z.boolean() };

const RunLine = z.looseObject({
  run: z.string(),
  agent: z.string(),
  request: z.string(),
  at: z.number(),
  state: z.string(),
  outcome: z.string().nullable(),
});
export const Runs = z.looseObject({ runs: z.array(RunLine) });

const MissionLine = z.looseObject({ run: z.string(), plan: z.string(), state: z.string() });
export const Missions = z.looseObject({ missions: z.array(MissionLine) });
/** One that has only begun has no more than its id. */
export const Mission = MissionLine.partial({ plan: true }).extend({
  outcome: z.string().nullable().optional(),
  text: z.string().optional(),
  steps: z.array(z.looseObject({ id: z.string(), does: z.string(), state: z.string() })).optional(),
});

export const Artifact = z.looseObject({
  id: z.string(),
  run: z.string(),
  title: z.string(),
  type: z.string(),
  version: z.number(),
  hash: z.string(),
  at: z.number(),
  status: z.string(),
});
export const Artifacts = z.looseObject({ artifacts: z.array(Artifact) });

export const Notes = z.looseObject({
  notes: z.array(z.looseObject({ id: z.string(), memory: z.string(), text: z.string() })),
  /** How many there are, more than are given. */
  of: z.number(),
});

export const Outline = z.looseObject({
  run: z.string(),
  agent: z.string(),
  request: z.string(),
  state: z.string(),
  steps: z.array(
    z.looseObject({ step: z.string(), kind: z.string(), name: z.string(), status: z.string() }),
  ),
});

export const Begun = z.looseObject({ task_id: z.string(), status: z.string() });
const TaskLine = Begun.extend({ description: z.string() });
export const Tasks = z.looseObject({ tasks: z.array(TaskLine) });
/** One of which nothing is on disk yet has no more than its id. */
export const Task = Begun.extend({
  description: z.string().optional(),
  steps: z.number().optional(),
  asks: Came.shape.asks,
});
export const Patched = TaskLine.extend({
  summary: z.string(),
  diff: z.string(),
  commit: z.string().nullable(),
  files_modified: z.array(z.looseObject({ path: z.string() })),
});

export const Found = z.looseObject({
  folder: z.string(),
  found: z.array(
    z.looseObject({
      kind: z.string(),
      file: z.string(),
      commands: z.array(z.looseObject({ use: z.string(), argv: z.array(z.string()) })),
    }),
  ),
});
