/**
 * Every limit that has a number, in one place. Bytes, milliseconds and counts, as the names say.
 * Reaching one is an outcome with a reason, never a crash. What a person may change is in config.
 */
export const LIMITS = {
  /** Larger bodies are files beside the journal. */
  inlineBodyBytes: 64 * 1024,
  /** A larger body is refused: the action fails with `journal.body_too_large`. */
  bodyBytes: 32 * 1024 * 1024,
  /** Events in one append. */
  appendEvents: 256,
  /** A lease not renewed for this long may be taken by another process. */
  leaseMs: 10_000,

  /** Turns of one run: a model speaks, actions follow. */
  turns: 50,
  /** Actions of one run. */
  calls: 200,
  /** Tokens of one run, in and out. */
  tokens: 2_000_000,
  /** Wall time of one run, not counting waits for the operator. */
  runMs: 30 * 60_000,
  /** Tool calls of one turn that run at the same time. */
  parallel: 8,
  /** Tool calls a model may make in one turn. */
  callsPerTurn: 32,
  /** Depth of delegation: 1 is flat, a child may not delegate. */
  depth: 1,
  /** Times a model call is tried again after a failure that may pass. */
  modelRetries: 2,
  /** An approval not answered or not used by then is void. */
  approvalMs: 900_000,

  /** What a model may send in one answer. */
  modelAnswerBytes: 4 * 1024 * 1024,
  /** One line of a provider's stream. */
  modelLineBytes: 1024 * 1024,
  /** Silence on a model stream after which it counts as cut. */
  modelIdleMs: 120_000,
  /** Longest wait a provider may ask for by retry-after. */
  retryAfterMs: 60_000,

  /** Wall time of one tool call. */
  toolMs: 60_000,
  /** Output of one tool call, standard output and error together. */
  toolOutputBytes: 1024 * 1024,
  /** What of a tool's result reaches the model. */
  toolResultChars: 40_000,
  /** Resident memory of one sandboxed call. */
  toolMemoryBytes: 512 * 1024 * 1024,
  /** Processes of one sandboxed call. */
  toolProcesses: 64,
  /** CPU time of one sandboxed call. */
  toolCpuSeconds: 60,
  /** Open files of one sandboxed call. */
  toolFiles: 512,
  /** Bytes one sandboxed call may write to its stage. */
  stageBytes: 200 * 1024 * 1024,
  /** Files one sandboxed call may have in its stage. */
  stageFiles: 20_000,
  /** Warm tool processes kept at once. */
  warmProcesses: 16,

  /** One fetch made for a tool. */
  fetchMs: 30_000,
  fetchBytes: 5 * 1024 * 1024,
  fetchRedirects: 5,

  /** A manifest, rules or config file. */
  manifestBytes: 256 * 1024,
  /** Agents, skills or tools of one arrangement. */
  arrangementItems: 500,
  /** Rules in one file. */
  rules: 1_000,
  /** Longest regular expression a rule or route may carry. */
  patternChars: 500,
  /** How much of a text a rule's pattern is matched against. */
  patternInputChars: 8_192,
} as const;
