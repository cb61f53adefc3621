// What agent files of other programs say, apart from the schemas: it is needed without them.

/** Keys of other programs' agent files that are accepted and have no effect here. */
export const CLAUDE_AGENT_KEYS = [
  "color",
  "effort",
  "permissionMode",
  "maxTurns",
  "mcpServers",
  "background",
  "initialPrompt",
  "hooks",
  "autoCompactWindow",
  "omitClaudeMd",
  "observer",
  "observerMessage",
  "criticalSystemReminder_EXPERIMENTAL",
  "provider",
  "contextWindow",
] as const;

/** Tools other programs bring themselves: an agent's file that names one is written for them. */
export const CLAUDE_TOOLS: readonly string[] = [
  ...["Agent", "AskUserQuestion", "Bash", "BashOutput", "Edit", "ExitPlanMode", "Glob", "Grep"],
  ...["KillShell", "LS", "LSP", "MultiEdit", "NotebookEdit", "NotebookRead", "Read", "Skill"],
  ...["SlashCommand", "Task", "TodoRead", "TodoWrite", "WebFetch", "WebSearch", "Write"],
];

/** Models as such files name them: the operator's own of that name, or whatever is in use. */
export const CLAUDE_MODELS: readonly string[] = ["sonnet", "opus", "haiku"];
