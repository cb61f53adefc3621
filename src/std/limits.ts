import { AGENT_LIMITS } from "./limits/agents.ts";
import { ENGINE_LIMITS } from "./limits/engine.ts";
import { MODEL_LIMITS } from "./limits/models.ts";
import { NETWORK_LIMITS } from "./limits/network.ts";
import { SCHEDULE_LIMITS } from "./limits/schedule.ts";

/**
 * Every limit that has a number, in one place. Bytes, milliseconds and counts, as the names say.
 * Reaching one is an outcome with a reason, never a crash. What a person may change is in config.
 */
export const LIMITS = {
  ...AGENT_LIMITS,
  ...ENGINE_LIMITS,
  ...MODEL_LIMITS,
  ...NETWORK_LIMITS,
  ...SCHEDULE_LIMITS,
  /** Larger bodies are files beside the journal. */
  inlineBodyBytes: 64 * 1024,
  /** A larger body is refused: the action fails with `journal.body_too_large`. */
  bodyBytes: 32 * 1024 * 1024,
  /** Events in one append. */
  appendEvents: 256,
  /** Events and bytes that wait for a shared commit; more are committed at once. */
  commitEvents: 1_024,
  commitBytes: 8 * 1024 * 1024,
  /** Events that may be newer than the stored heads of their chains. */
  unstoredHeads: 256,
  /** The journal's database, and the bodies kept as files beside it. */
  journalBytes: 16 * 1024 * 1024 * 1024,
  bodyFilesBytes: 64 * 1024 * 1024 * 1024,
  /** How long a write of the journal waits for another process. */
  journalBusyMs: 5_000,
  /** One topic of a wake, the processes it is told to, and how long telling one may take. */
  wakeTopicChars: 512,
  wakeSockets: 256,
  wakeMs: 1_000,
  /** Events after which the journal is signed anew, whatever happened. */
  checkpointEvents: 1_000,
  /** A signed note, as another machine may send it, and the signatures under it. */
  noteTextChars: 64 * 1024,
  noteSignatures: 32,
  /** Spans sent to a collector in one request. */
  otlpSpans: 200,
  /** Witnesses of a log, and logs witnessed here. */
  witnesses: 16,
  /** Statements kept prepared for views. */
  viewStatements: 256,
  /** Events a view's cursor is left behind by, where none of them is of the view. */
  viewBehind: 1_000,
  /** Everything the vault holds, and one entry of it. */
  vaultBytes: 16 * 1024 * 1024 * 1024,
  vaultItemBytes: 512 * 1024 * 1024,
  /** Contents of the vault a process remembers to be whole. */
  vaultMarks: 1_024,
  /** Artifacts of a home and of one run, one of them, and its title. */
  artifacts: 20_000,
  artifactsPerRun: 200,
  artifactBytes: 4 * 1024 * 1024,
  artifactTitleChars: 200,
  /** What a process carries may be taken from it when it answered nothing for so long. */
  leaseMs: 10_000,
  /** How long after a process's socket closed it is looked whether it has let go of its lock. */
  attendMs: 50,

  /** A longer sleep holds no process: the run waits, and is carried on when its time has come. */
  sleepHereMs: 30_000,

  /** Requests of one program that are answered at the same time, and what an id of one may be. */
  rpcCalls: 64,
  rpcIdChars: 256,
  /** What is under way for a program has so long to come to its end when that has gone. */
  clientGraceMs: 5_000,
  /** Runs carried for one program at a time. */
  clientRuns: 8,
  /** How long a call of its waits for a run where it says nothing, and at most, in seconds. */
  clientWaitSeconds: 45,
  clientWaitSecondsMost: 600,
  /** What one request of its may be, and entries of one list. */
  clientTextChars: 200_000,
  clientListed: 200,
  /** Entries of one page of what a client may list, resources it may watch, and values it is offered. */
  clientPage: 100,
  clientWatched: 64,
  clientOffered: 100,
  /** Sessions an editor has open, and folders they are in. */
  acpSessions: 64,
  acpFolders: 8,
  /** Newest runs a search of its looks through. */
  clientSearched: 1_000,
  /** Thoughts of a home, and those of one run. */
  thoughts: 20_000,
  thoughtsPerRun: 50,
  /** One part of a thought's words, and how many it may have. */
  thoughtChars: 1_000,
  thoughtTexts: 64,
  /** Thoughts about one thought. */
  thoughtsAbout: 256,
  /** Links of a kind between thoughts, those of one thought, and the longest way along them. */
  links: 4_000,
  linksEach: 32,
  linkDepth: 64,
  /** How far back it is looked where attention went. */
  attentionMs: 30 * 24 * 3_600_000,
  /** Thoughts that one part of a status names. */
  thoughtsShown: 20,
  /** Thoughts an agent is told of its own. */
  thoughtsTold: 50,
  /** Settled predictions before a score is said, and cases before a share's interval is. */
  fewestSettled: 10,
  fewestShare: 5,

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
  /** A route less sure than this is asked about, and one that is not this much surer than the next. */
  routeConfidence: 0.85,
  routeGap: 0.05,
  /** Depth of delegation: 1 is flat, a child may not delegate. */
  depth: 1,
  /** Runs one is forked from, each from the next. */
  forks: 16,
  /** Times a model call is tried again after a failure that may pass. */
  modelRetries: 2,
  /** Models that may stand in for one. */
  fallbacks: 4,
  /** A model with a stand-in rests after so many failures in a row, for so long after the last. */
  failuresToRest: 3,
  restMs: 30_000,
  /** Times a call is made again because its files were changed by somebody else meanwhile. */
  commitRetries: 8,
  /** Values of one call that are looked at for where they come from, and what of each is kept. */
  decidingValues: 64,
  decidingChars: 200,
  /** Files written by runs that are looked at before a call that may read them; more are untrusted. */
  labelledFiles: 1_000,
  /** A delegated answer by schema: fields and items of one part, nesting, values in all. */
  answerItems: 32,
  answerDepth: 4,
  answerValues: 256,
  /** Asks one step may raise before it counts as a bug. */
  asksPerStep: 8,
  /** An answer not used by then is void. */
  approvalMs: 900_000,
  /** Times the same answer is given in a row before a rule or grant is suggested. */
  suggestAfter: 5,
  /** Newest answers looked at for suggestions. */
  answersLooked: 1_000,
  /** Lines a simulation of rules lists; the rest are counted. */
  simulatedLines: 20,
  /** An ask nobody answered by then is asked anew when its run goes on. */
  askMs: 30 * 24 * 3_600_000,

  /** Tasks of one mission that run at the same time, where its plan does not say fewer. */
  missionWidth: 8,
  /** What a mission may use in all where its plan does not say; a task's default is that of a run. */
  missionTurns: 500,
  missionCalls: 2_000,
  missionTokens: 20_000_000,
  missionMs: 4 * 3_600_000,
  /** Steps of one task: their numbers are set aside for it. */
  taskSteps: 1_000,
  /** Times one task is tried, whatever its recovery allows. */
  taskAttempts: 16,
  /** Plans of an agent that are refused in one run until none is looked at any more. */
  planTries: 3,
  /** What is kept of why a check was let go. */
  waivedChars: 1_000,
  /** Faults of a plan that are said at once. */
  planFaults: 20,
  /** A condition of a plan, and how deep its brackets may go. */
  expressionChars: 500,
  expressionDepth: 16,
  /** Missions that begin one after the other by themselves, the first counted. */
  missionChain: 8,
  /** What of the outputs of a mission's last tasks it says in the end. */
  missionTextChars: 40_000,

  /** Context window asked for where nobody says how large it is. */
  contextTokens: 110_000,
  /** Tools a model is offered at once at most while it is measured. */
  probeTools: 128,
  /** Tokens of what calls of earlier turns came to that a turn is given, and share of a window. */
  earlierTokens: 16_000,
  earlierShare: 0.2,
  /** Images a request takes, and bytes of one. */
  images: 4,
  imageBytes: 5 * 1024 * 1024,
  /** Share of a window that a conversation may fill; the rest is for the answer and the guess. */
  windowShare: 0.8,
  /** Times one call is cut anew because the model said it was too long all the same. */
  windowTries: 3,
  /** How often a model is asked for its opinion of a case, and what of each part it is shown. */
  judgeTries: 3,
  judgeChars: 20_000,
  /** Checks on the result of one case of an agent. */
  evalChecks: 16,
  /** A script of recorded answers. */
  scriptBytes: 4 * 1024 * 1024,

  /** Wall time of one tool call. */
  toolMs: 60_000,
  /** Output of one tool call, standard output and error together. */
  toolOutputBytes: 1024 * 1024,
  /** What a tool may say of itself; what a server says beyond it is cut. */
  toolDescriptionChars: 4_096,
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
  /** Memory and stack of a tool in WebAssembly. */
  pureMemoryBytes: 256 * 1024 * 1024,
  pureStackBytes: 1024 * 1024,
  /** Code such a tool may have beside it. */
  pureFiles: 500,
  pureCodeBytes: 8 * 1024 * 1024,
  /** Bytes one sandboxed call may write to its stage. */
  stageBytes: 200 * 1024 * 1024,
  /** Files one sandboxed call may have in its stage. */
  stageFiles: 20_000,
  /** What is kept of one file a commit changes, and of all commits of a home: the oldest make room. */
  undoFileBytes: 32 * 1024 * 1024,
  undoBytes: 2 * 1024 * 1024 * 1024,
  /** Warm tool processes kept at once. */
  warmProcesses: 16,

  /** One fetch made for a tool. */
  fetchMs: 30_000,
  fetchBytes: 5 * 1024 * 1024,
  fetchRedirects: 5,

  /**
   * The way a sandboxed program reaches the network: connections at once and in all, bytes both
   * ways, and refusals kept, of one process; the bytes a connection's opening may have, and the time
   * for it; the time for reaching the other end; how long a connection may be silent.
   */
  proxyConnections: 64,
  proxyConnectionsInAll: 2_000,
  proxyBytes: 256 * 1024 * 1024,
  proxyRefusals: 32,
  proxyOpeningBytes: 32 * 1024,
  proxyOpeningMs: 10_000,
  proxyConnectMs: 10_000,
  proxyIdleMs: 120_000,

  /** One line nanos sends to a tool host: the body of a fetch with every character escaped. */
  hostLineBytes: 32 * 1024 * 1024,
  /** What one tool call may ask back for at the same time. */
  toolAsks: 16,
  /** Wall time of finding out what a tool file or an MCP server offers. */
  describeMs: 15_000,
  /** A warm tool process not used for this long is ended at the next call. */
  warmIdleMs: 60_000,
  /** Where every warm place is taken, one is given up to another run once it was idle so long. */
  warmGraceMs: 200,
  /** A call waits for a warm place until none became free for so long; its process is not kept then. */
  warmWaitMs: 2_000,
  /** How long a process may take to end once its input is closed, before it is stopped. */
  lastWordsMs: 1_000,
  /** Tools one MCP server may announce, and pages it may announce them in. */
  mcpTools: 256,
  mcpPages: 16,

  /** A manifest, rules or config file. */
  manifestBytes: 256 * 1024,
  /** Problems one refusal lists; the rest are counted. */
  problemsListed: 20,
  /** Aliases one YAML file may use. */
  yamlAliases: 100,
  /** Plugins a marketplace of another program may list. */
  marketplacePlugins: 500,
  /** Files, bytes and nesting of one arrangement, skill or starter. */
  treeFiles: 2_000,
  treeBytes: 20 * 1024 * 1024,
  treeDepth: 12,
  /** Folders looked at upward for a project. */
  searchLevels: 64,
  /** How long a change of a home file waits for another process that changes it. */
  homeLockMs: 5_000,
  /** Grants of one workspace, trusted folders of one home. */
  grants: 1_000,
  trustedFolders: 100,
  /** One file of machine state, one kept parse. */
  storedBytes: 32 * 1024 * 1024,
  /** One stored secret. */
  secretBytes: 64 * 1024,
  /** One note an agent keeps, and the least there must be to it: said to be kept, or captured. */
  noteChars: 500,
  noteLeastChars: 10,
  captureLeastChars: 20,
  /** Notes of one memory, one note as a person writes it, and candidates that wait at once. */
  notes: 1_000,
  noteBytes: 64 * 1024,
  candidates: 200,
  /** The same text kept again within this time is one candidate. */
  candidateAgainMs: 24 * 3_600_000,
  /** Notes one look into memory brings. */
  recalledNotes: 20,
  /** Past missions that are looked through, the newest; that are shown; characters of each text. */
  missionsLooked: 500,
  recalledMissions: 10,
  recalledChars: 1_000,
  /** Newest missions, and plans by use, that an oracle is told of, out of so many newest. */
  companionMissions: 8,
  companionLooked: 50,
  /** A stored secret shorter than this is not looked for in texts: it would be found everywhere. */
  storedSecretChars: 6,
  /** What a scrubber has replaced once it replaces wherever it stands, unless it is shorter. */
  scrubKnownChars: 4,
  /** Secrets of one home, hosts one of them may be sent to. */
  secrets: 100,
  secretHosts: 16,
  /** How long the keyring may take, its own question to the operator included. */
  keyringMs: 60_000,
  /** Parsed files of one kind kept for a faster start. */
  cachedParses: 8,
  /** How long what a verification found is told to clients that ask again, and of how many runs. */
  verifyKeptMs: 10_000,
  verifyKept: 16,
  /** Newest runs of an agent a change of its file is proposed from, and how many must speak for it. */
  proposeLooked: 10,
  proposeAfter: 3,
  /** Lines of a change an oracle proposes, and what a look for skills and agents brings of each; also of a text that tools are found by. */
  proposedLines: 200,
  foundItems: 20,
  foundChars: 4_000,
  /** Lines of one difference that are shown, and how much comparing it may take. */
  diffShown: 400,
  diffCells: 4_000_000,
  /** A file kept so that a later change of it can be shown, and how many are kept of one skill. */
  seenFileBytes: 256 * 1024,
  /** What a look at a skill's texts finds and shows; the rest is counted. */
  findings: 100,
  /** Longer lines, and more text than this, are not looked at, and that is said. */
  findingLineChars: 8 * 1024,
  findingTextChars: 2 * 1024 * 1024,
  /** Getting a skill out of a git repository, and what that may take. */
  cloneMs: 120_000,
  cloneBytes: 200 * 1024 * 1024,
  /** Runs that work in a copy of their repository at the same time, and the patch one may end with. */
  trees: 8,
  patchBytes: 1024 * 1024,
  /** Removed skills that are kept for a while. */
  removedSkills: 20,
  /**
   * Runs that events of one subscription begin in an hour, how many may lead to one another, and how
   * long a file has to be left alone before its change counts.
   */
  eventsPerHour: 60,
  eventDepth: 3,
  eventSettleMs: 500,
  /** Where a day is limited, what is set aside for a model's answer, which is cut there. */
  dayAnswerTokens: 8_192,
  /** One file of a skill that a model reads. */
  skillFileBytes: 256 * 1024,
  /** Agents, skills or tools of one arrangement. */
  arrangementItems: 500,
  /** Rules in one file. */
  rules: 1_000,
  /** Longest regular expression a rule or route may carry. */
  patternChars: 500,
  /** Steps of a compiled pattern, counted repetitions written out. */
  patternSteps: 1_000,
  /** How much of a text a rule's pattern is matched against. */
  patternInputChars: 8_192,
} as const;
