/** One case in a process of its own: `bun bench/child.ts NAME JSON`. Its last line is what it found. */
import type { Case, Given } from "./cases/case.ts";
import { messageOf } from "../src/std/error.ts";

/** Every case by name. Loaded one at a time: a case is charged for nothing another one needs. */
export const CASES: Readonly<Record<string, () => Promise<Case>>> = {
  "step bare": async () => (await import("./cases/bare.ts")).bareStep,
  "step bare-durable": async () => (await import("./cases/bare.ts")).durableStep,
  "step nanos": async () => (await import("./cases/nanos.ts")).step,
  "step pi": async () => (await import("./cases/peers.ts")).pi,
  "step ai": async () => (await import("./cases/peers.ts")).aiSdk,
  "step openai-agents": async () => (await import("./cases/peers.ts")).openaiAgents,
  "step langgraph": async () => (await import("./cases/peers.ts")).langgraph,
  "step langgraph-sqlite": async () => (await import("./cases/peers.ts")).langgraphSqlite,
  "step mastra": async () => (await import("./cases/peers.ts")).mastra,
  "growth bare": async () => (await import("./cases/bare.ts")).bareGrowth,
  "growth bare-durable": async () => (await import("./cases/bare.ts")).durableGrowth,
  "growth nanos": async () => (await import("./cases/nanos.ts")).growth,
  "stream socket": async () => (await import("./cases/bare.ts")).socketStream,
  "stream bare": async () => (await import("./cases/bare.ts")).bareStream,
  "stream nanos": async () => (await import("./cases/nanos.ts")).stream,
  "session library": async () => (await import("./cases/session.ts")).library,
  "session pi": async () => (await import("./cases/session.ts")).pi,
  "session nanos": async () => (await import("./cases/session.ts")).session,
  "journal disk": async () => (await import("./cases/journal.ts")).disk,
  "journal sqlite": async () => (await import("./cases/journal.ts")).sqlite,
  "journal nanos": async () => (await import("./cases/journal.ts")).journal,
  "status kept": async () => (await import("./cases/missions/status.ts")).status,
  "engine local": async () => (await import("./cases/missions/engine.ts")).engine,
  "engine restate": async () => (await import("./cases/missions/restate.ts")).restate,
  "gate nanos": async () => (await import("./cases/gate.ts")).gate,
  "gate texts": async () => (await import("./cases/gate.ts")).texts,
  "tool bare": async () => (await import("./cases/tools.ts")).bareTool,
  "tool boxed": async () => (await import("./cases/tools.ts")).boxedTool,
  "tool nanos": async () => (await import("./cases/tools.ts")).shippedTool,
  "tool checkout": async () => (await import("./cases/tools.ts")).hostedTool,
  "start hello": async () => (await import("./cases/start.ts")).helloVersion,
  "start nanos": async () => (await import("./cases/start.ts")).nanosVersion,
  "prompt bare": async () => (await import("./cases/start.ts")).barePrompt,
  "prompt nanos": async () => (await import("./cases/start.ts")).nanosPrompt,
  "http bare": async () => (await import("./cases/server/http.ts")).bareHttp,
  "http nanos": async () => (await import("./cases/server/http.ts")).nanosHttp,
  "cockpit nanos": async () => (await import("./cases/server/cockpit.ts")).cockpit,
  "fan-out bare-durable": async () => (await import("./cases/bare.ts")).bareFan,
  "fan-out nanos": async () => (await import("./cases/nanos.ts")).fan,
  "fan-out nanos-runs": async () => (await import("./cases/nanos.ts")).crowd,
};

if (import.meta.main) {
  const [name = "", given = "{}"] = process.argv.slice(2);
  try {
    const load = CASES[name];
    if (!load) throw new Error(`there is no case ${name}`);
    const figures = await (await load())(JSON.parse(given) as Given);
    process.stdout.write(`\n${JSON.stringify({ figures })}\n`);
  } catch (error) {
    process.stdout.write(`\n${JSON.stringify({ why: messageOf(error).slice(0, 400) })}\n`);
  }
  process.exit(0);
}
