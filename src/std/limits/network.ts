/** Limits of what comes over the network, a part of `LIMITS`. */
export const NETWORK_LIMITS = {
  /** Keys of one workspace, and the requests a minute of one where nothing is said. */
  clientKeys: 200,
  keyRate: 60,
  /** How long a link into the cockpit is good for, and how many there are at once. */
  linkMs: 10 * 60_000,
  links: 16,
  /** Browsers in the cockpit of one server, how long each stays, and its requests a minute. */
  seats: 16,
  seatMs: 12 * 60 * 60_000,
  seatRate: 6_000,
  /** One request over the network: its body, and the time for it to arrive. */
  httpBodyBytes: 1024 * 1024,
  httpBodyMs: 10_000,
  /** Requests under way at once, in all and of one key; what is more is turned away. */
  httpAtOnce: 512,
  httpAtOncePerKey: 128,
  /** Streams under way at once, in all and of one key; each costs little while nothing happens. */
  httpStreams: 1_200,
  httpStreamsPerKey: 1_024,
  /** Text that waits for a client that reads slowly; one that falls further behind is cut off. */
  httpPendingChars: 1024 * 1024,
  /** How often a silent stream says that it is there, and looks for what another process did. */
  httpHeartbeatMs: 15_000,
  httpLookMs: 1_000,
  /** A key that is lent, what is shown for it, and how much of what got one before is remembered. */
  lentMs: 30 * 86_400_000,
  lentTokenMs: 3_600_000,
  lentSpent: 8,
  /** A program that asks for a key: what it is known by, and the addresses it may be answered at. */
  oauthClientChars: 2_048,
  oauthRedirects: 8,
  /** How long a question to the operator and a code are good, and how many of each there may be. */
  oauthConsentMs: 600_000,
  oauthCodeMs: 60_000,
  oauthWaiting: 64,
  /** A login at a server of somebody's: how long it waits, requests its listener hears, bytes of an answer. */
  loginMs: 300_000,
  loginVisits: 64,
  loginBytes: 256 * 1024,
  /** Sessions of MCP, in all and of one key, and how long one is kept that is not heard of. */
  mcpSessions: 128,
  mcpSessionsPerKey: 16,
  mcpIdleMs: 30 * 60_000,
  /** Streams of a session kept after their end, text kept of one, and when a client comes again. */
  mcpKeptStreams: 4,
  mcpKeptChars: 256 * 1024,
  mcpRetryMs: 1_000,
  /** How long what counts requests for several servers has to answer. */
  httpRatesMs: 1_000,
  /** Runs a server carries at once without anybody waiting for them, in all and of one key. */
  httpRuns: 64,
  httpRunsPerKey: 16,
  /** Entries of one list. */
  httpListed: 500,
  /** How long a connection may be silent before its request is read, in seconds. */
  httpIdleSeconds: 10,
  /** How long what is under way has to come to its end once the server is told to stop. */
  httpDrainMs: 10_000,
  /** How long clients that are told of it have to hear it. */
  httpLeaveMs: 1_000,
  /** Messages of a conversation that a client sends with a request. */
  earlierMessages: 2_000,
  /** What it brings beside them: tools of its own, texts an answer ends before, words for itself. */
  clientTools: 128,
  clientStops: 4,
  clientMetadata: 16,
} as const;
