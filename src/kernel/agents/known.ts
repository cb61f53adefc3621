import type { Scope } from "../../contracts/scope-parts.ts";

/** An agent people have, as its makers say it is started without a screen. */
export interface KnownAgent {
  readonly program: string;
  readonly about: string;
  readonly kind: "process" | "acp";
  readonly command: readonly string[];
  /** Where it thinks; absent where its own settings decide. */
  readonly net?: readonly Scope[];
  /** What is worth knowing of it before the yes. */
  readonly note?: string;
  /** Variables its key may lie in, the usual one first. */
  readonly keys: readonly string[];
  /** Where the operator is signed in to it, and has settings of theirs: seen where they say so. */
  readonly signIn: readonly string[];
  readonly settings: readonly string[];
}

/** Most that can speak a protocol do; the others read the request and print an answer. */
export const KNOWN_AGENTS: readonly KnownAgent[] = [
  {
    program: "claude",
    about: "Claude Code: reads, writes and runs code in the workspace.",
    kind: "process",
    // Nobody is there to be asked; what it edits is staged. Its programs it starts only where allowed.
    command: ["claude", "-p", "--permission-mode", "acceptEdits"],
    net: ["net:api.anthropic.com:443"],
    keys: ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"],
    signIn: ["~/.claude/.credentials.json"],
    settings: ["~/.claude/settings.json"],
  },
  {
    program: "codex",
    about: "Codex: reads, writes and runs code in the workspace.",
    kind: "process",
    // Its own sandbox lets it write nothing, and cannot be made inside another, which ours is.
    command: [
      ...["codex", "exec", "--skip-git-repo-check", "--ephemeral"],
      ...["--sandbox", "danger-full-access", "-"],
    ],
    net: ["net:api.openai.com:443", "net:chatgpt.com:443"],
    keys: ["CODEX_API_KEY"],
    signIn: ["~/.codex/auth.json"],
    settings: ["~/.codex/config.toml"],
  },
  {
    program: "gemini",
    about: "Gemini CLI: reads, writes and runs code in the workspace.",
    kind: "acp",
    command: ["gemini", "--acp"],
    net: ["net:generativelanguage.googleapis.com:443", "net:cloudcode-pa.googleapis.com:443"],
    keys: ["GEMINI_API_KEY"],
    signIn: ["~/.gemini/oauth_creds.json"],
    settings: ["~/.gemini/settings.json"],
  },
  {
    program: "goose",
    about: "goose: works in the workspace with its own extensions.",
    kind: "acp",
    command: ["goose", "acp"],
    keys: [],
    signIn: ["~/.config/goose/secrets.yaml"],
    settings: ["~/.config/goose/config.yaml"],
  },
  {
    program: "opencode",
    about: "OpenCode: reads, writes and runs code in the workspace.",
    kind: "process",
    // Its protocol goes by a server of its own, which no box lets it open; this reads the request.
    command: ["opencode", "run"],
    keys: [],
    signIn: ["~/.local/share/opencode/auth.json"],
    settings: ["~/.config/opencode/opencode.json"],
  },
  {
    program: "nanocoder",
    about: "Nanocoder: reads, writes and runs code in the workspace.",
    kind: "acp",
    command: ["nanocoder", "--acp"],
    note: "It reaches its model past every proxy, which is the only way out of the sandbox: its requests fail here.",
    keys: [],
    signIn: [],
    settings: ["~/.config/nanocoder/agents.config.json"],
  },
];
