/**
 * Made-up secrets and personal data for tests: documented formats with drawn bodies, in sentences as
 * people write them. Nothing here opens anything.
 */

/** One text with something in it that has to be found. */
export interface Sample {
  readonly kind: string;
  readonly text: string;
}

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
const HEX = "0123456789abcdef";
const ALNUM = UPPER + LOWER + DIGITS;
const B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const WORDS =
  "abandon ability absent absorb abstract absurd access accident account accuse achieve acid across action actor adapt admit adult advance advice".split(
    " ",
  );

/** A drawer of numbers below `n`, the same for the same seed. */
export function drawer(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

type Draw = (n: number) => number;

/** How a body of each kind is written; `s` draws so many of some characters. */
const BODIES: Readonly<
  Record<string, (s: (from: string, n: number) => string, d: Draw) => string>
> = {
  "aws key": (s) => `AKIA${s(`${UPPER}234567`, 16)}`,
  "aws session key": (s) => `ASIA${s(`${UPPER}234567`, 16)}`,
  "aws secret": (s) => `aws_secret_access_key = ${s(`${ALNUM}/+`, 40)}`,
  "github classic": (s) => `ghp_${s(ALNUM, 36)}`,
  "github app": (s) => `ghs_${s(ALNUM, 36)}`,
  "github fine": (s) => `github_pat_${s(ALNUM, 22)}_${s(ALNUM, 59)}`,
  gitlab: (s) => `glpat-${s(ALNUM, 20)}`,
  slack: (s) => `xoxb-${s(DIGITS, 12)}-${s(DIGITS, 12)}-${s(ALNUM, 24)}`,
  "slack app": (s) => `xapp-1-A${s(UPPER + DIGITS, 10)}-${s(DIGITS, 13)}-${s(HEX, 64)}`,
  "slack hook": (s) =>
    `https://hooks.slack.com/services/T${s(UPPER, 8)}/B${s(UPPER, 8)}/${s(ALNUM, 24)}`,
  google: (s) => `AIza${s(ALNUM, 35)}`,
  "google secret": (s) => `GOCSPX-${s(ALNUM, 28)}`,
  "google token": (s) => `ya29.${s(`${ALNUM}_-`, 80)}`,
  openai: (s) => `sk-${s(ALNUM, 48)}`,
  "openai project": (s) => `sk-proj-${s(`${ALNUM}_-`, 80)}T3BlbkFJ${s(ALNUM, 40)}`,
  anthropic: (s) => `sk-ant-api03-${s(`${ALNUM}_-`, 93)}AA`,
  openrouter: (s) => `sk-or-v1-${s(HEX, 64)}`,
  groq: (s) => `gsk_${s(ALNUM, 52)}`,
  "hugging face": (s) => `hf_${s(UPPER + LOWER, 34)}`,
  replicate: (s) => `r8_${s(ALNUM, 37)}`,
  stripe: (s) => `sk_live_${s(ALNUM, 24)}`,
  "stripe hook": (s) => `whsec_${s(ALNUM, 32)}`,
  twilio: (s) => `SK${s(HEX, 32)}`,
  sendgrid: (s) => `SG.${s(ALNUM, 22)}.${s(ALNUM, 43)}`,
  mailgun: (s) => `key-${s(HEX, 32)}`,
  mailchimp: (s) => `${s(HEX, 32)}-us${s("123456789", 1)}`,
  npm: (s) => `npm_${s(ALNUM, 36)}`,
  pypi: (s) => `pypi-AgEIcHlwaS5vcmc${s(`${ALNUM}_-`, 120)}`,
  rubygems: (s) => `rubygems_${s(HEX, 48)}`,
  docker: (s) => `dckr_pat_${s(ALNUM, 27)}`,
  digitalocean: (s) => `dop_v1_${s(HEX, 64)}`,
  shopify: (s) => `shpat_${s(HEX, 32)}`,
  square: (s) => `sq0csp-${s(ALNUM, 43)}`,
  telegram: (s) => `${s("123456789", 9)}:AA${s(`${ALNUM}_-`, 33)}`,
  discord: (s) => `M${s(ALNUM, 23)}.${s(ALNUM, 6)}.${s(`${ALNUM}_`, 38)}`,
  databricks: (s) => `dapi${s(HEX, 32)}`,
  linear: (s) => `lin_api_${s(ALNUM, 40)}`,
  notion: (s) => `secret_${s(ALNUM, 43)}`,
  airtable: (s) => `pat${s(ALNUM, 14)}.${s(HEX, 64)}`,
  atlassian: (s) => `ATATT3xFfGF0${s(`${ALNUM}_-`, 60)}=${s(HEX.toUpperCase(), 8)}`,
  "new relic": (s) => `NRAK-${s(UPPER + DIGITS, 27)}`,
  grafana: (s) => `glsa_${s(ALNUM, 32)}_${s(HEX, 8)}`,
  doppler: (s) => `dp.pt.${s(ALNUM, 43)}`,
  postman: (s) => `PMAK-${s(HEX, 24)}-${s(HEX, 34)}`,
  vault: (s) => `hvs.${s(`${ALNUM}_-`, 90)}`,
  terraform: (s) => `${s(ALNUM, 14)}.atlasv1.${s(ALNUM, 67)}`,
  age: (s) => `AGE-SECRET-KEY-1${s("023456789ACDEFGHJKLMNPQRSTUVWXYZ", 58)}`,
  planetscale: (s) => `pscale_tkn_${s(ALNUM, 43)}`,
  jwt: (s) => `eyJ${s(ALNUM, 33)}.eyJ${s(ALNUM, 60)}.${s(`${ALNUM}_-`, 43)}`,
  "rsa key": (s) =>
    `-----BEGIN RSA PRIVATE KEY-----\n${s(`${ALNUM}+/`, 64)}\n${s(ALNUM, 40)}==\n-----END RSA PRIVATE KEY-----`,
  "ssh key": (s) =>
    `-----BEGIN OPENSSH PRIVATE KEY-----\n${s(`${ALNUM}+/`, 70)}\n-----END OPENSSH PRIVATE KEY-----`,
  "pgp key": (s) =>
    `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${s(`${ALNUM}+/`, 64)}\n-----END PGP PRIVATE KEY BLOCK-----`,
  bearer: (s) => `Authorization: Bearer ${s(`${ALNUM}_-`, 40)}`,
  basic: (s) => `Authorization: Basic ${btoa(`ada:${s(ALNUM, 14)}`)}`,
  "database url": (s) => `postgres://ada:${s(ALNUM, 12)}@db.example.org:5432/notes`,
  "url password": (s) => `https://ada:${s(ALNUM, 10)}@git.example.org/notes.git`,
  "curl user": (s) => `curl -u ada:${s(ALNUM, 12)} https://example.org`,
  "azure storage": (s) =>
    `DefaultEndpointsProtocol=https;AccountName=ada;AccountKey=${s(`${ALNUM}+/`, 86)}==`,
  "otp seed": (s) => `otpauth://totp/Example:ada?secret=${s(`${UPPER}234567`, 32)}&issuer=Example`,
  cookie: (s) => `Cookie: theme=dark; session_id=${s(ALNUM, 32)}`,
  "env password": (s) => `DB_PASSWORD=${s(ALNUM, 8)}7!${s(LOWER, 3)}`,
  "said password": (s) => `my password is ${s(LOWER, 5)}${s(DIGITS, 3)}`,
  "wifi password": (s) => `the wifi password at home is ${s(ALNUM, 6)}9${s("!#*", 1)}`,
  passphrase: (_s, d) => `passphrase: ${[1, 2, 3, 4].map(() => WORDS[d(WORDS.length)]).join("-")}`,
  "json password": (s) => `{"user": "ada", "password": "${s(ALNUM, 10)}4"}`,
  "login line": (s) => `machine example.org login ada password ${s(ALNUM, 11)}3`,
  "api key": (s) => `api_key: "${s(HEX, 31)}f"`,
  "said api key": (s) => `the API key for the weather service is ${s(HEX, 30)}a4`,
  "client secret": (s) => `clientSecret=${s(ALNUM, 30)}5x`,
  "seed phrase": (_s, d) =>
    `seed phrase: ${Array.from({ length: 12 }, () => WORDS[d(WORDS.length)]).join(" ")}`,
  pin: (s) => `the PIN is ${s("123456789", 4)}`,
  "recovery codes": (s) =>
    `recovery codes: ${s(DIGITS, 4)}-${s(DIGITS, 4)} ${s(DIGITS, 4)}-${s(DIGITS, 4)}`,
  bcrypt: (s) => `$2b$12$${s(`${ALNUM}./`, 53)}`,
  "wallet key": (s) => `xprv${s(B58, 107)}`,
  iban: (s) => ibanOf(s(DIGITS, 18)),
  "iban in groups": (s) => ibanOf(s(DIGITS, 18)).replace(/(.{4})(?=.)/gu, "$1 "),
  card: (s) => luhn(`4${s(DIGITS, 14)}`),
  "card in groups": (s) => luhn(`51${s(DIGITS, 13)}`).replace(/(.{4})(?=.)/gu, "$1 "),
  ssn: (s) => `${s("12345", 3)}-${s("123456789", 2)}-${s("123456789", 4)}`,
  phone: (s) => `+49 170 ${s("123456789", 7)}`,
  "us phone": (s) => `(415) ${s("23456789", 3)}-${s(DIGITS, 4)}`,
  email: (s) => `${s(LOWER, 6)}.${s(LOWER, 7)}@example.org`,
};

const FRAMES: readonly ((body: string) => string)[] = [
  (body) => body,
  (body) => `Remember this: ${body}`,
  (body) => `Hi, so that I have it at hand later, here it is: ${body}. Thanks!`,
  (body) => `note to self\n\n- ${body}\n- buy milk`,
  (body) => `When it asks, use "${body}" and go on with the second page.`,
];

/** `each` samples of every kind, through the frames in turn; the same for the same seed. */
export function corpus(seed: number, each: number): readonly Sample[] {
  const draw = drawer(seed);
  const some = (from: string, n: number): string =>
    Array.from({ length: n }, () => from[draw(from.length)]).join("");
  return Object.entries(BODIES).flatMap(([kind, body]) =>
    Array.from({ length: each }, (_, i) => {
      const frame = FRAMES[i % FRAMES.length] ?? ((text: string) => text);
      return { kind, text: frame(body(some, draw)) };
    }),
  );
}

export const KINDS = Object.keys(BODIES).length;

function ibanOf(account: string): string {
  let rest = 0;
  for (const digit of `${account}131400`) rest = (rest * 10 + Number(digit)) % 97;
  return `DE${String(98 - rest).padStart(2, "0")}${account}`;
}

function luhn(start: string): string {
  for (let check = 0; check < 10; check++) {
    let sum = 0;
    const digits = `${start}${check}`;
    for (let i = 0; i < digits.length; i++) {
      const twice = Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 1 : 2);
      sum += twice > 9 ? twice - 9 : twice;
    }
    if (sum % 10 === 0) return digits;
  }
  return start;
}
