/** Limits of programs that are agents, a part of `LIMITS`. */
export const AGENT_LIMITS = {
  /** One request of it: it thinks, and builds and tests what it makes. */
  agentMs: 30 * 60_000,
  agentMemoryBytes: 4 * 1024 * 1024 * 1024,
  /** An engine reserves ten gigabytes for each memory of WebAssembly it has, and fills none of it. */
  agentAddressBytes: 256 * 1024 * 1024 * 1024,
  agentProcesses: 256,
  agentCpuSeconds: 30 * 60,
  /** What such a program may send while it works, and the steps it may tell of. */
  agentOutputBytes: 64 * 1024 * 1024,
  agentSteps: 500,
  /** What it may keep in a folder of its own, and how many requests of it at once have one. */
  agentHomeBytes: 1024 * 1024 * 1024,
  agentHomeFiles: 50_000,
  agentHomes: 8,
  /** Files of one package that are looked at for programs it brings. */
  packageEntries: 20_000,
  /** Processes of agents that wait for the next request of a conversation, and how long one does. */
  agentsIdle: 4,
  agentIdleMs: 10 * 60_000,
  /** What of a conversation before is told to a program again. */
  earlierChars: 40_000,
  /** Terminals it has open at once, and what is kept of the output of each. */
  agentTerminals: 8,
  agentTerminalBytes: 1024 * 1024,
} as const;
