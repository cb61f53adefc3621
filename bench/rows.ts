import { ENGINE, GATE, JOURNAL, START, STATUS, TOOL } from "./parts.ts";
import { atLeast, atMost, type Row, type Target } from "./row.ts";

/** Rows about whole runs, and the list of all rows. */

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
      {
        says: "nanos, by bare with journal",
        by: "step bare-durable",
        target: atMost("step: nanos / bare with journal", 1.5),
      },
      { says: "nanos, by pi", by: "step pi", target: atMost("step: nanos / pi", 1) },
      {
        says: "nanos, by LangGraph with SQLite",
        by: "step langgraph-sqlite",
        target: atMost("step: nanos / LangGraph with SQLite", 0.25),
      },
    ].map((line) => ({ ...line, of: "step nanos", figure: "stepMs", unit: "ms/step" })),
    {
      says: "nanos, start of the tool's process counted in",
      of: "step nanos",
      figure: "wholeMs",
      unit: "ms/step",
      by: "step bare-durable",
      byFigure: "stepMs",
    },
    {
      says: "nanos, CPU of its own process",
      of: "step nanos",
      figure: "cpuUs",
      unit: "us/step",
      by: "step bare-durable",
    },
  ],
};

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
    {
      says: "socket read and dropped",
      of: "stream socket",
      figure: "tokenCpuUs",
      unit: "us CPU/token",
    },
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

const SESSION: Row = {
  name: "session",
  cases: ["session library", "session pi", "session nanos"],
  peers: { "session pi": "pi-session" },
  rounds: 2,
  lines: [
    {
      says: "pi-tui, all of the text at each token",
      of: "session library",
      figure: "tokenBytes",
      unit: "B/token",
    },
    {
      says: "pi 0.87, its whole session",
      of: "session pi",
      figure: "tokenBytes",
      unit: "B/token",
      by: "session library",
    },
    {
      says: "nanos, written to the terminal",
      of: "session nanos",
      figure: "tokenBytes",
      unit: "B/token",
      by: "session pi",
      target: atMost("session: bytes a token / pi's session", 1),
    },
    {
      says: "pi-tui, CPU",
      of: "session library",
      figure: "tokenCpuUs",
      unit: "us CPU/token",
    },
    {
      says: "pi 0.87, CPU",
      of: "session pi",
      figure: "tokenCpuUs",
      unit: "us CPU/token",
      by: "session library",
    },
    {
      says: "nanos, CPU, model's request and journal too",
      of: "session nanos",
      figure: "tokenCpuUs",
      unit: "us CPU/token",
      by: "session pi",
      target: atMost("session: CPU a token / pi's session", 1),
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

/**
 * A chat has no target: it is a run that is on disk before it is answered, and an echo is not. An echo
 * of ours is what a request costs that only passes the doors, which let in 512 at once.
 */
const HTTP: Row = {
  name: "http",
  cases: ["http bare", "http nanos"],
  rounds: 3,
  lines: [
    ...[16, 128, 512].flatMap((many) => [
      ...[
        { says: `bare Bun.serve that echoes, ${many} at once`, of: "http bare" },
        {
          says: `nanos, an echo, ${many} at once`,
          of: "http nanos",
          by: "http bare",
          target: atLeast(`http: an echo, ${many} at once, nanos / bare`, 0.6),
        },
      ].map((line) => ({ ...line, figure: `requests${many}`, unit: "requests/s" })),
      ...[
        { says: `bare, ${many} at once, 99 of 100 within`, of: "http bare" },
        { says: `nanos, ${many} at once, 99 of 100 within`, of: "http nanos", by: "http bare" },
      ].map((line) => ({ ...line, figure: `p99Ms${many}`, unit: "ms" })),
    ]),
    ...[
      { says: "bare, a stream where nothing happens, both ends", of: "http bare" },
      {
        says: "nanos, a stream where nothing happens, both ends",
        of: "http nanos",
        target: atMost("http: memory of an idle stream, KB", 30),
      },
    ].map((line) => ({ ...line, figure: "streamKb", unit: "KB" })),
    {
      says: "nanos, chat completions answered by a route, 16 at once",
      of: "http nanos",
      figure: "chats",
      unit: "requests/s",
      by: "http bare",
      byFigure: "requests16",
    },
    {
      says: "nanos, chat completions, 99 of 100 within",
      of: "http nanos",
      figure: "chatsP99Ms",
      unit: "ms",
      by: "http bare",
      byFigure: "p99Ms16",
    },
  ],
};

/** No target yet: until the first line is there, a frame of scrolling, and the work of an update. */
const COCKPIT: Row = {
  name: "cockpit",
  cases: ["cockpit nanos"],
  rounds: 1,
  lines: [
    { says: "a page that shows nothing", figure: "emptyMs", by: "emptyMs" },
    { says: "10,000 missions, to the first line", figure: "missionsMs", by: "emptyMs" },
    { says: "5,000 steps, to the first line", figure: "traceMs", by: "emptyMs" },
    { says: "a frame of a page that shows nothing", figure: "emptyFrameMs", by: "emptyFrameMs" },
    { says: "a frame, scrolling missions", figure: "missionsFrameMs", by: "emptyFrameMs" },
    { says: "a frame, scrolling steps", figure: "traceFrameMs", by: "emptyFrameMs" },
    { says: "work of the page for a mission that comes", figure: "updateMs", by: "emptyFrameMs" },
  ].map(({ by, ...line }) => ({
    ...{ ...line, of: "cockpit nanos", unit: "ms", by: "cockpit nanos", byFigure: by },
  })),
};

/** In the order of the table. */
export const ROWS: readonly Row[] = [
  ...[STEP, GROWTH, REPLAY, STREAM, SESSION, FAN_OUT, HTTP, COCKPIT],
  ...[JOURNAL, ENGINE, STATUS, GATE, TOOL, START],
];

/** Every target, in the order of the table. */
export const TARGETS: readonly Target[] = ROWS.flatMap(({ lines }) =>
  lines.flatMap(({ target }) => (target ? [target] : [])),
);
