import { expect } from "bun:test";
import { join } from "node:path";
import type { TraceStep } from "../../src/contracts/trace.ts";
import { type AgentHome, agentHome } from "./agent-home.ts";

/** A home whose oracle hands work to an agent of the protocol, and those still open. */
const homes: AgentHome[] = [];

/** Ends those that are open; after each test. */
export async function closeHomes(): Promise<void> {
  for (const one of homes.splice(0)) await one.close();
}

/** The agent with all it imports in one file, as its sandbox holds nothing else. */
const built = await Bun.build({
  entrypoints: [join(import.meta.dirname, "acp-agent.ts")],
  target: "bun",
});
const SOURCE = (await built.outputs[0]?.text()) ?? "";

export interface Given {
  /** Lines of what the agent is to do. */
  readonly does: readonly string[];
  readonly scopes?: string;
  readonly argv?: string;
  readonly answer?: Parameters<typeof agentHome>[0]["answer"];
  readonly role?: "worker" | "oracle";
}

export async function opened({
  does,
  scopes = "write:.",
  argv = "",
  answer,
  role = "worker",
}: Given): Promise<AgentHome> {
  const manifest = `---
name: ${role === "oracle" ? "oracle" : "coder"}
description: Codes.
kind: acp
command: [CODER${argv === "" ? "" : `, ${argv}`}]
scopes: [read:PROGRAMS${scopes === "" ? "" : `, ${scopes}`}]
---
`;
  const boss = "---\nname: oracle\ndescription: Answers.\nagents: [coder]\n---\nYou answer.\n";
  const home = await agentHome({
    files:
      role === "oracle"
        ? { "agents/oracle.md": manifest }
        : { "agents/oracle.md": boss, "agents/coder.md": manifest },
    programs: { CODER: SOURCE },
    delegates: { agent: "coder", request: does.join("\n") },
    ...(answer === undefined ? {} : { answer }),
  });
  homes.push(home);
  return home;
}

export interface Worked {
  readonly home: AgentHome;
  /** The delegation. */
  readonly step: TraceStep | undefined;
  /** Steps of the agent's own run. */
  readonly inside: readonly TraceStep[];
  readonly answer: string;
}

export async function work(
  given: Given,
  request: Parameters<AgentHome["run"]>[1] = {},
): Promise<Worked> {
  const home = await opened(given);
  const { trace } = await home.run("go", request);
  expect(await home.nanos.traces.replay(trace.run)).toMatchObject({ ok: true, differs: null });
  expect(home.nanos.traces.verify()).toMatchObject({ ok: true });
  const step = trace.steps.find(({ kind }) => kind === "agent");
  const output = step?.outcome?.status === "done" ? step.outcome.output : null;
  const answer = (output as { answer?: string } | null)?.answer ?? "";
  return { home, step, inside: step?.child?.steps ?? [], answer };
}

export const failureOf = ({ step }: Worked): string | undefined =>
  step?.outcome && "failure" in step.outcome ? step.outcome.failure.code : undefined;
