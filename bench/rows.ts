/**
 * What is measured against what. A row is a few cases run side by side, round after round; a line
 * is one figure of it; a target is a line that says how good it has to be.
 */

/** One figure of the table. */
export interface Line {
  /** What it is, e.g. `nanos, ms a step`. */
  readonly says: string;
  /** The case the figure is of, and its name there. */
  readonly of: string;
  readonly figure: string;
  readonly unit: string;
  /** The case and figure it is divided by; the same figure where none is named. */
  readonly by?: string;
  readonly byFigure?: string;
  /** `difference` takes the other figure away instead of dividing by it. */
  readonly how?: "ratio" | "difference";
  readonly target?: Target;
}

/** A limit on a line's ratio, or on its figure where it has none. */
export interface Target {
  readonly name: string;
  readonly limit: number;
  readonly better: "less" | "more";
}

export interface Row {
  readonly name: string;
  /** Cases of child.ts, in the order they take turns. */
  readonly cases: readonly string[];
  /** Cases that need an installed peer, with the folder it lies in. */
  readonly peers?: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly lines: readonly Line[];
}

const atMost = (name: string, limit: number): Target => ({ name, limit, better: "less" });
const atLeast = (name: string, limit: number): Target => ({ name, limit, better: "more" });

const STEP: Row = {
  name: "step",
  cases: [
    ...["step bare", "step bare-durable", "step nanos", "step pi", "step ai"],
    ...["step openai-agents", "step langgraph", "step langgraph-sqlite", "step mastra"],
  ],
  peers: {
    "step pi": "pi",
    "step ai": "ai",
    "step openai-agents": "openai-agents",
    "step langgraph": "langgraph",
    "step langgraph-sqlite": "langgraph",
    "step mastra": "mastra",
  },
  rounds: 5,
  lines: [
    ...[
      { says: "bare fetch loop", of: "step bare" },
      { says: "bare with journal, FULL", of: "step bare-durable" },
      { says: "nanos", of: "step nanos" },
      { says: "pi agent-core 0.87", of: "step pi" },
      { says: "AI SDK 7", of: "step ai" },
      { says: "OpenAI Agents 0.20", of: "step openai-agents" },
      { says: "LangGraph 1.7", of: "step langgraph" },
      { says: "LangGraph 1.7 with SqliteSaver", of: "step langgraph-sqlite" },
      { says: "Mastra 1.71", of: "step mastra" },
    ].map((line) => ({ ...line, figure: "stepMs", unit: "ms/step", by: "step bare" })),
    ...[
      { by: "step bare-durable", target: atMost("step: nanos / bare with journal", 1.5) },
      { by: "step pi", target: atMost("step: nanos / pi", 1) },
      { by: "step langgraph-sqlite", target: atMost("step: nanos / LangGraph with SQLite", 0.25) },
    ].map((line) => ({ ...NANOS_STEP(), ...line })),
    {
      ...NANOS_STEP(),
      says: "nanos, start of the tool's process counted in",
      figure: "wholeMs",
      by: "step bare-durable",
      byFigure: "stepMs",
    },
    {
      ...NANOS_STEP(),
      says: "nanos, CPU of its own process",
      figure: "cpuUs",
      unit: "us/step",
      by: "step bare-durable",
    },
  ],
};

function NANOS_STEP(): { says: string; of: string; figure: string; unit: string } {
  return { says: "nanos", of: "step nanos", figure: "stepMs", unit: "ms/step" };
}

const GROWTH: Row = {
  name: "growth",
  cases: ["growth bare", "growth bare-durable", "growth nanos"],
  rounds: 3,
  lines: [
    { says: "bare fetch loop, 1,000 steps", of: "growth bare", figure: "totalMs", unit: "ms" },
    { says: "bare with journal", of: "growth bare-durable", figure: "totalMs", unit: "ms" },
    {
      says: "nanos",
      of: "growth nanos",
      figure: "totalMs",
      unit: "ms",
      by: "growth bare-durable",
      target: atMost("growth: 1,000 steps, nanos / bare with journal", 2),
    },
    {
      says: "bare, CPU added by a step of history",
      of: "growth bare-durable",
      figure: "slopeUs",
      unit: "us",
    },
    {
      says: "nanos, CPU added by a step of history",
      of: "growth nanos",
      figure: "slopeUs",
      unit: "us",
      target: atMost("growth: CPU added by a step of history, us", 0.3),
    },
    { says: "bare, journal", of: "growth bare-durable", figure: "bytes", unit: "B/step" },
    {
      says: "nanos, journal",
      of: "growth nanos",
      figure: "bytes",
      unit: "B/step",
      target: atMost("growth: journal, bytes a step", 1_536),
    },
    { says: "bare, peak memory", of: "growth bare-durable", figure: "peakMb", unit: "MB" },
    {
      says: "nanos, peak memory",
      of: "growth nanos",
      figure: "peakMb",
      unit: "MB",
      target: atMost("growth: peak memory, MB", 120),
    },
  ],
};

const REPLAY: Row = {
  name: "replay",
  cases: ["growth nanos"],
  rounds: 3,
  lines: [
    {
      says: "replay from the journal",
      of: "growth nanos",
      figure: "replaySteps",
      unit: "steps/s",
      target: atLeast("replay: steps a second", 20_000),
    },
    {
      says: "replay, model calls counted too",
      of: "growth nanos",
      figure: "replayActions",
      unit: "actions/s",
    },
    {
      says: "verify, journal and vault of that run",
      of: "growth nanos",
      figure: "verifyEvents",
      unit: "events/s",
    },
  ],
};

const STREAM: Row = {
  name: "stream",
  cases: ["stream socket", "stream bare", "stream nanos"],
  rounds: 5,
  lines: [
    { says: "socket read and dropped", of: "stream socket", figure: "tokenCpuUs", unit: "us CPU/token" },
    { says: "bare fetch, parsed", of: "stream bare", figure: "tokenCpuUs", unit: "us CPU/token" },
    {
      says: "nanos, beyond the socket, no surface",
      of: "stream nanos",
      figure: "quietCpuUs",
      unit: "us CPU/token",
      by: "stream socket",
      byFigure: "tokenCpuUs",
      how: "difference",
    },
    {
      says: "nanos, beyond the socket, each token a line",
      of: "stream nanos",
      figure: "tokenCpuUs",
      unit: "us CPU/token",
      by: "stream socket",
      how: "difference",
      target: atMost("stream: CPU a token beyond the socket, us", 3),
    },
  ],
};

const FAN_OUT: Row = {
  name: "fan-out",
  cases: ["fan-out bare-durable", "fan-out nanos", "fan-out nanos-runs"],
  rounds: 2,
  lines: [
    {
      says: "bare with journal, 100 loops x 5 steps",
      of: "fan-out bare-durable",
      figure: "fanMs",
      unit: "ms",
    },
    {
      says: "nanos, 100 delegations x 5 steps",
      of: "fan-out nanos",
      figure: "fanMs",
      unit: "ms",
      by: "fan-out bare-durable",
      target: atMost("fan-out: nanos / bare with group commit", 2),
    },
    {
      says: "nanos, CPU of its own process",
      of: "fan-out nanos",
      figure: "fanCpuMs",
      unit: "ms",
    },
    {
      says: "nanos, 100 runs x 5 steps at once",
      of: "fan-out nanos-runs",
      figure: "fanMs",
      unit: "ms",
      by: "fan-out bare-durable",
    },
    {
      says: "nanos, memory of a sub-agent",
      of: "fan-out nanos",
      figure: "agentKb",
      unit: "KB",
      target: atMost("fan-out: memory of a sub-agent, KB", 250),
    },
  ],
};

const JOURNAL: Row = {
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

const GATE: Row = {
  name: "gate",
  cases: ["gate nanos"],
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
  ],
};

const TOOL: Row = {
  name: "tool",
  cases: ["tool bare", "tool boxed", "tool nanos"],
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

const START: Row = {
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
    { says: "bare with journal, prompt to answer", of: "prompt bare", figure: "startMs", unit: "ms" },
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

/** In the order of the table. */
export const ROWS: readonly Row[] = [
  ...[STEP, GROWTH, REPLAY, STREAM, FAN_OUT],
  ...[JOURNAL, GATE, TOOL, START],
];

/** Every target, in the order of the table. */
export const TARGETS: readonly Target[] = ROWS.flatMap(({ lines }) =>
  lines.flatMap(({ target }) => (target ? [target] : [])),
);
