/** Protocol revisions of MCP spoken: stateless first, then the one that begins with `initialize`. */
export const MODERN = "2026-07-28";
export const LEGACY = "2025-11-25";
export const LEGACY_VERSIONS: readonly string[] = [LEGACY, "2025-06-18", "2025-03-26"];

/** Numbers of the protocol's own for what is refused. */
export const MCP_ERROR = {
  /** Head and body of a request say different things. */
  head: -32_020,
  /** A revision that is not spoken. */
  version: -32_022,
} as const;

/** Keys of the `_meta` every request of the stateless revision carries. */
export const ENVELOPE = {
  version: "io.modelcontextprotocol/protocolVersion",
  client: "io.modelcontextprotocol/clientInfo",
  capabilities: "io.modelcontextprotocol/clientCapabilities",
  server: "io.modelcontextprotocol/serverInfo",
  level: "io.modelcontextprotocol/logLevel",
  subscription: "io.modelcontextprotocol/subscriptionId",
} as const;
