import type { Shape } from "./sensitive.ts";

/** Secrets known by what carries them: a header, an address, a key file, a command line. */
export const CARRIER_SHAPES: readonly Shape[] = [
  {
    kind: "private-key",
    class: "secret",
    at: ["-----BEGIN "],
    // Up to its end where there is one before the next begins; half a key is a key.
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?:(?!-----BEGIN)[\s\S]){0,12000}?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[\w+/=\s:,\\]{0,12000})/y,
  },
  {
    kind: "private-key",
    class: "secret",
    at: ["PuTTY-User-Key-File-"],
    pattern: /PuTTY-User-Key-File-\d: [^\n]{1,100}/y,
  },
  carrier(
    "auth-header",
    /\bbearer (?=\S)/gi,
    /bearer (?<value>[\w.~+/=-]{16,2000})/iy,
    isNoPlaceholder,
  ),
  carrier(
    "auth-header",
    /\bbasic (?=[A-Za-z0-9+/])/gi,
    /basic (?<value>[A-Za-z0-9+/]{16,400}={0,2})(?!\w)/iy,
    isBasic,
  ),
  {
    kind: "url-password",
    class: "secret",
    at: ["://"],
    pattern: /:\/\/[^\s:/@'"<>]{0,128}:(?<value>[^\s/@'"<>]{3,256})@[\w[]/y,
    holds: isNoPlaceholder,
  },
  carrier(
    "curl-password",
    /(?:\s-u|--user)[ =]/g,
    /(?:\s-u|--user)[ =]['"]?[^\s:'"]{1,64}:(?<value>[^\s'"]{3,128})/y,
    isNoPlaceholder,
  ),
  carrier(
    "webhook",
    /hooks\.slack\.com\//g,
    /hooks\.slack\.com\/(?:services|workflows)\/(?<value>[\w/]{20,120})/y,
  ),
  carrier(
    "webhook",
    /discord(?:app)?\.com\/api\/webhooks\//g,
    /discord(?:app)?\.com\/api\/webhooks\/\d{5,20}\/(?<value>[\w-]{30,120})/y,
  ),
  carrier(
    "webhook",
    /webhook\.office\.com\//g,
    /webhook\.office\.com\/webhookb2\/(?<value>[\w@/-]{40,250})/y,
  ),
  carrier(
    "otp-seed",
    /otpauth:\/\//g,
    /otpauth:\/\/[^\s]{1,200}?[?&]secret=(?<value>[A-Za-z2-7]{8,128})/y,
  ),
  carrier(
    "azure-key",
    /(?:AccountKey|SharedAccessKey|SharedSecret)=/g,
    /\w{9,16}=(?<value>[A-Za-z0-9+/]{30,120}={0,2})/y,
  ),
  carrier("azure-key", /[?&]sig=/g, /[?&]sig=(?<value>[\w%+/-]{40,120})/y),
  carrier(
    "discord-token",
    /\b[MNO][A-Za-z0-9_-]{23,27}\.[\w-]{6}\./g,
    /[\w-]{24,28}\.[\w-]{6}\.[\w-]{27,40}(?!\w)/y,
  ),
  carrier(
    "cookie",
    /\bcookie: ?/gi,
    /cookie: ?[^\n]{0,200}?(?:sess|sid|auth|token)[\w.-]{0,24}=(?<value>[^\s;"']{12,512})/iy,
  ),
  carrier(
    "wallet-key",
    /\b[5KL][1-9A-HJ-NP-Za-km-z]{50,51}\b/g,
    /[1-9A-HJ-NP-Za-km-z]{51,52}/y,
    isMixed,
  ),
];

function carrier(kind: string, at: RegExp, pattern: RegExp, holds?: Shape["holds"]): Shape {
  return { kind, class: "secret", at, pattern, ...(holds ? { holds } : {}) };
}

/** False for what documentation writes in place of a value: `<token>`, `$TOKEN`, `xxxx`, `your-key`. */
export function isNoPlaceholder(value: string): boolean {
  return !/^[$%*#]|[<>{}[\]…]|\.\.\.|^(.)\1+$/u.test(value) && !PLACEHOLDER.test(value);
}

const PLACEHOLDER =
  /^(?:(?:your|my|the|some|an?|example|sample|dummy|fake|test|api|access|auth|secret|token|key|password|passwd|pass|pwd|here|change|me|changeme|placeholder|redacted|insert|null|none|undefined|true|false|string|value|x{3,32})[^a-z0-9]{0,2}){1,6}$/iu;

/** Base64 of `user:password`, and no sentence that goes on after "basic". */
function isBasic(value: string): boolean {
  const text = Buffer.from(value, "base64").toString("latin1");
  return /^[\x20-\x7e]{1,128}:[\x20-\x7e]{1,256}$/u.test(text);
}

function isMixed(value: string): boolean {
  return /\d/u.test(value) && /[a-z]/u.test(value) && /[A-Z]/u.test(value);
}
