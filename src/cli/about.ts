import manifest from "../../package.json" with { type: "json" };

export const version: string = manifest.version;

/** What `nanos --help` says before the list. */
export const about = [
  "Agents on your own machine, under your eye. Each has a model to think with,",
  "tools to act with and a gate to pass. What happens is written down for proof.",
  "",
  "It is not an operating system: no kernel, no service running behind your back.",
  "It brings no model, no moderation layer and no planner; those are yours to add.",
  "",
  'Start with nanos, or nanos run "TEXT".',
].join("\n");
