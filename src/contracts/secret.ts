import { z } from "zod";

/** A secret's name: also the name of the variable a program gets it in, where nothing else is said. */
export const SecretName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/u, "must be letters, digits, dot, - and _");

/**
 * What keeps the values: a key that the keyring of the operating system holds, a key made from the
 * operator's passphrase, or nothing but the mode of the file.
 */
export const KEEPERS = ["keyring", "passphrase", "file"] as const;
export type Keeper = (typeof KEEPERS)[number];

/** `secrets.json` of the home. Values are sealed by the keeper's key, and bound to name and hosts. */
export const SecretsFile = z.strictObject({
  v: z.literal(1),
  kept: z.discriminatedUnion("by", [
    z.strictObject({ by: z.literal("keyring") }),
    /** How the passphrase becomes a key: scrypt with this salt (hex) and cost. */
    z.strictObject({
      by: z.literal("passphrase"),
      salt: z.string().regex(/^[0-9a-f]{32}$/u),
      cost: z.literal(2 ** 17),
    }),
    z.strictObject({ by: z.literal("file") }),
  ]),
  secrets: z.record(
    SecretName,
    z.strictObject({
      /** `host:port` it may be sent to, in the headers of a request; none where it is empty. */
      hosts: z.array(z.string()),
      /** Milliseconds since 1970: when it was stored, and last used. */
      at: z.number().int(),
      used: z.number().int().optional(),
      /** Base64 of nonce, sealed text and tag; the text itself where nothing but the file keeps it. */
      value: z.string(),
    }),
  ),
});
export type SecretsFile = z.infer<typeof SecretsFile>;

/** A secret as it may be shown: everything but its value. */
export interface SecretLine {
  readonly name: string;
  /** `host:port` it may be sent to. */
  readonly hosts: readonly string[];
  readonly kept: Keeper;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly used: number | null;
}

/** The operator's secrets, of which nothing but the value is ever shown. */
export interface Secrets {
  list(): Promise<readonly SecretLine[]>;
  /** Stores a value in place of an earlier one. With `keep` all of them move there. */
  set(
    name: string,
    value: string,
    options?: { hosts?: readonly string[]; keep?: Keeper },
  ): Promise<SecretLine>;
  /** @throws NanosError `secret.unknown`. */
  rm(name: string): Promise<void>;
  /** Logs into an MCP server of the arrangement. @throws NanosError `mcp.login_*`, `mcp.not_granted`. */
  logIn(server: string, wish: LoginWish): Promise<LoginLine>;
  /**
   * Asks for the passphrase now, where there is one and somebody to ask, so that nobody is asked in
   * the middle of something. Without it everything goes on that needs no secret.
   */
  unlock(): Promise<void>;
  /** A text as it may be kept, for what a surface keeps of its own. Call `unlock` first. */
  redact(text: string): string;
}

/** What is kept to get the next token with, as the value of a secret. */
export const KeptLogin = z.strictObject({
  v: z.literal(1),
  /** Shown to the token endpoint, and to nobody else. */
  refresh: z.string(),
  endpoint: z.string(),
  issuer: z.string(),
  /** How nanos says there who it is. */
  methods: z.array(z.string()).optional(),
  client: z.strictObject({
    id: z.string(),
    secret: z.string().optional(),
    method: z.string().optional(),
  }),
  resource: z.string().optional(),
  /** Milliseconds since 1970: when the last token came. */
  at: z.number(),
});
export type KeptLogin = z.infer<typeof KeptLogin>;

/** A login at an MCP server, as it may be shown. */
export interface LoginLine {
  readonly server: string;
  /** Who gave the token. */
  readonly issuer: string;
  /** The secrets it was kept as; the second gets the next one, where there is to be one. */
  readonly secrets: readonly string[];
  /** What was given, as its issuer calls it; null where it does not say. */
  readonly scope: string | null;
}

export interface LoginWish {
  /** What to ask for, in the issuer's words; what the server says where nothing is. */
  readonly scope?: string;
  /** Shows the operator the address to open. */
  readonly open: (link: string) => void;
  readonly signal?: AbortSignal;
}
