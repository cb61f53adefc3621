import { atLeast, atMost, type Row } from "./row.ts";

/** Rows about one part at a time: the journal, the gate, a tool call, a start of the program. */

export const JOURNAL: Row = {
  name: "journal",
  cases: ["journal disk", "journal sqlite", "journal nanos"],
  rounds: 7,
  lines: [
    { says: "disk, fdatasync of 400 B", of: "journal disk", figure: "single", unit: "/s" },
    {
      says: "node:sqlite FULL, one a commit",
      of: "journal sqlite",
      figure: "single",
      unit: "events/s",
      by: "journal disk",
    },
    {
      says: "journal, one a commit",
      of: "journal nanos",
      figure: "single",
      unit: "events/s",
      by: "journal sqlite",
      target: atLeast("journal: single append / node:sqlite", 0.9),
    },
    {
      says: "journal, 16 runs at once",
      of: "journal nanos",
      figure: "shared",
      unit: "events/s",
      by: "journal nanos",
      byFigure: "single",
      target: atLeast("journal: 16 runs at once / single", 8),
    },
    {
      says: "node:sqlite FULL, 16 a commit",
      of: "journal sqlite",
      figure: "shared",
      unit: "events/s",
      by: "journal sqlite",
      byFigure: "single",
    },
    {
      says: "verify",
      of: "journal nanos",
      figure: "verified",
      unit: "events/s",
      target: atLeast("journal: verify, events a second", 100_000),
    },
  ],
};

export const STATUS: Row = {
  name: "status",
  cases: ["status kept"],
  rounds: 3,
  lines: [
    {
      says: "the stage from 2,000 chains, each entry checked",
      of: "status kept",
      figure: "chainsMs",
      unit: "ms",
    },
    {
      says: "the stage from what was read of them once",
      of: "status kept",
      figure: "keptMs",
      unit: "ms",
      by: "status kept",
      byFigure: "chainsMs",
      target: atMost("status: kept / from 2,000 chains", 0.2),
    },
  ],
};

export const ENGINE: Row = {
  name: "engine",
  cases: ["engine local", "engine restate"],
  peers: { "engine restate": "restate" },
  rounds: 3,
  lines: [
    {
      says: "the same events, node:sqlite FULL, one a commit",
      of: "engine local",
      figure: "rawPerSecond",
      unit: "events/s",
    },
    {
      says: "1,000 missions of 10 steps, local engine",
      of: "engine local",
      figure: "perSecond",
      unit: "events/s",
      by: "engine local",
      byFigure: "rawPerSecond",
      target: atLeast("engine: 1,000 missions of 10 steps / node:sqlite", 0.5),
    },
    { says: "missions", of: "engine local", figure: "missions", unit: "/s" },
    {
      says: "memory the second half of them added",
      of: "engine local",
      figure: "grownMb",
      unit: "MB",
      target: atMost("engine: memory the last 500 missions add, MB", 10),
    },
    {
      says: "Restate's SDK alone, a step kept when it ends",
      of: "engine restate",
      figure: "runsPerSecond",
      unit: "steps/s",
    },
    {
      says: "and when it begins, as ours are",
      of: "engine restate",
      figure: "bothPerSecond",
      unit: "steps/s",
    },
    {
      says: "and in an object, a call for each",
      of: "engine restate",
      figure: "callsPerSecond",
      unit: "steps/s",
    },
    ...[
      { says: "200 missions of 10 steps, our Restate engine", byFigure: "runsPerSecond" },
      {
        says: "the same, by the SDK that keeps both",
        byFigure: "bothPerSecond",
        target: atLeast("engine: Restate / its bare SDK", 0.67),
      },
      { says: "the same, by calls of an object", byFigure: "callsPerSecond" },
    ].map((line) => ({
      ...line,
      ...{ of: "engine restate", figure: "perSecond", unit: "steps/s", by: "engine restate" },
    })),
  ],
};

export const GATE: Row = {
  name: "gate",
  cases: ["gate nanos", "gate texts"],
  rounds: 3,
  lines: [
    {
      says: "a verdict among 200 rules",
      of: "gate nanos",
      figure: "verdictUs",
      unit: "us",
      target: atMost("gate: a verdict among 200 rules, us", 50),
    },
    {
      says: "a join of two labels",
      of: "gate nanos",
      figure: "joinUs",
      unit: "us",
      target: atMost("gate: a join of two labels, us", 5),
    },
    {
      says: "a text looked through for secrets",
      of: "gate texts",
      figure: "sensitiveUs",
      unit: "us/KB",
      target: atMost("gate: a text looked through for secrets, us/KB", 100),
    },
    {
      says: "the same for 50 stored secrets, exactly",
      of: "gate texts",
      figure: "storedUs",
      unit: "us/KB",
      target: atMost("gate: 50 stored secrets looked for, us/KB", 100),
    },
  ],
};

export const TOOL: Row = {
  name: "tool",
  cases: ["tool bare", "tool boxed", "tool nanos", "tool checkout"],
  rounds: 3,
  lines: [
    { says: "hand-written ends, cold", of: "tool bare", figure: "coldMs", unit: "ms" },
    { says: "hand-written ends in bwrap, cold", of: "tool boxed", figure: "coldMs", unit: "ms" },
    {
      says: "tool host in its sandbox, cold",
      of: "tool nanos",
      figure: "coldMs",
      unit: "ms",
      by: "tool boxed",
      target: atMost("tool: cold, nanos / bare tool in bwrap", 2),
    },
    {
      says: "the same from a checkout, cold",
      of: "tool checkout",
      figure: "coldMs",
      unit: "ms",
      by: "tool boxed",
    },
    { says: "hand-written ends, warm", of: "tool bare", figure: "warmUs", unit: "us" },
    {
      says: "tool host in its sandbox, warm",
      of: "tool nanos",
      figure: "warmUs",
      unit: "us",
      by: "tool bare",
      target: atMost("tool: warm, nanos / hand-written ends", 1.6),
    },
  ],
};

export const START: Row = {
  name: "start",
  cases: ["start hello", "start nanos", "prompt bare", "prompt nanos"],
  rounds: 3,
  lines: [
    { says: "compiled hello", of: "start hello", figure: "startMs", unit: "ms" },
    {
      says: "nanos --version",
      of: "start nanos",
      figure: "startMs",
      unit: "ms",
      by: "start hello",
      target: atMost("start: --version / compiled hello", 2),
    },
    {
      says: "bare with journal, prompt to answer",
      of: "prompt bare",
      figure: "startMs",
      unit: "ms",
    },
    {
      says: "nanos run, prompt to answer",
      of: "prompt nanos",
      figure: "startMs",
      unit: "ms",
      by: "prompt bare",
      target: atMost("start: prompt to answer / bare with journal", 4),
    },
    { says: "bare with journal, peak memory", of: "prompt bare", figure: "peakMb", unit: "MB" },
    {
      says: "nanos run, peak memory",
      of: "prompt nanos",
      figure: "peakMb",
      unit: "MB",
      target: atMost("start: peak memory, MB", 70),
    },
    {
      says: "dist/nanos",
      of: "start nanos",
      figure: "binaryMb",
      unit: "MB",
      target: atMost("start: binary, MB", 130),
    },
  ],
};
