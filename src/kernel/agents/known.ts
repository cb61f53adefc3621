import type { Scope } from "../../contracts/scope-parts.ts";

/** An agent people have, as its makers say it is started without a screen. */
export interface KnownAgent {
  readonly program: string;
  readonly about: string;
  readonly kind: "process" | "acp";
  readonly command: readonly string[];
  /** Where it thinks; absent where its own settings decide. */
  readonly net?: readonly Scope[];
  /** What it reads of its own: its settings, and where it is signed in. */
  readonly reads: readonly Scope[];
  /** Where it keeps what it writes of its own: sessions, logs. It may read those, and not write. */
  readonly keeps: readonly string[];
  /** Variables its key may lie in. */
  readonly env: readonly string[];
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
    reads: ["read:~/.claude", "read:~/.claude.json"],
    keeps: ["~/.claude", "~/.claude.json"],
    env: ["ANTHROPIC_API_KEY"],
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
    reads: ["read:~/.codex"],
    keeps: ["~/.codex"],
    env: ["CODEX_API_KEY"],
  },
  {
    program: "gemini",
    about: "Gemini CLI: reads, writes and runs code in the workspace.",
    kind: "acp",
    command: ["gemini", "--acp"],
    net: ["net:generativelanguage.googleapis.com:443", "net:cloudcode-pa.googleapis.com:443"],
    reads: ["read:~/.gemini"],
    keeps: ["~/.gemini"],
    env: ["GEMINI_API_KEY"],
  },
  {
    program: "goose",
    about: "goose: works in the workspace with its own extensions.",
    kind: "acp",
    command: ["goose", "acp"],
    reads: ["read:~/.config/goose", "read:~/.local/share/goose"],
    keeps: ["~/.local/share/goose", "~/.local/state/goose"],
    env: [],
  },
  {
    program: "opencode",
    about: "OpenCode: reads, writes and runs code in the workspace.",
    kind: "acp",
    command: ["opencode", "acp"],
    reads: [
      ...(["read:~/.config/opencode", "read:~/.local/share/opencode"] as const),
      "read:~/.local/state/opencode",
    ],
    keeps: ["~/.local/share/opencode", "~/.local/state/opencode"],
    env: [],
  },
  {
    program: "nanocoder",
    about: "Nanocoder: reads, writes and runs code in the workspace.",
    kind: "acp",
    command: ["nanocoder", "--acp"],
    reads: ["read:~/.config/nanocoder"],
    keeps: ["~/.config/nanocoder"],
    env: [],
  },
];
