import type { Shape } from "./sensitive.ts";

/** Tokens that say themselves who gave them out. A shape names its prefixes and what follows them. */
export const TOKEN_SHAPES: readonly Shape[] = [
  token("aws-key", ["AKIA", "ASIA", "ABIA", "ACCA"], /[A-Z2-7]{16}/),
  token("aws-session", ["IQoJb3JpZ2lu"], /[A-Za-z0-9+/=]{60,512}/),
  token("aws-marketplace", ["amzn.mws."], /[0-9a-f-]{36}/),
  token("github-token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], /[A-Za-z0-9]{30,255}/),
  token("github-token", ["github_pat_"], /\w{22,255}/),
  token(
    "gitlab-token",
    ["glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glsoat-", "glft-", "gloas-"],
    /[\w-]{16,255}/,
  ),
  token("slack-token", ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-"], /[\w-]{10,255}/),
  token("slack-token", ["xapp-", "xoxe.", "xoxe-"], /[\w.-]{20,255}/),
  token("google-key", ["AIza"], /[\w-]{30,40}/),
  token("google-secret", ["GOCSPX-"], /[\w-]{20,40}/),
  token("google-token", ["ya29."], /[\w-]{20,512}/),
  // An identifier in `kebab-case` has no digit and no capital; a key always has.
  token("model-key", ["sk-"], /[\w-]{20,255}/, looksDrawn),
  token("model-key", ["gsk_", "xai-", "pplx-", "r8_", "hf_", "sk_live_", "sk_test_"], LONG_WORD()),
  token("payment-key", ["rk_live_", "rk_test_", "whsec_", "pk_live_"], LONG_WORD()),
  token("square-token", ["sq0atp-", "sq0csp-", "EAAAE", "EAAAl"], /[\w-]{22,120}/, looksDrawn),
  token("nanos-key", ["nk_k"], /[0-9a-z]{3,32}_[0-9a-f]{64}/),
  token("npm-token", ["npm_"], /[A-Za-z0-9]{36}/),
  token("pypi-token", ["pypi-AgE"], /[\w-]{50,512}/),
  token("rubygems-token", ["rubygems_"], /[0-9a-f]{40,64}/),
  token("docker-token", ["dckr_pat_", "dckr_oat_"], /[\w-]{20,64}/),
  token("digitalocean-token", ["dop_v1_", "doo_v1_", "dor_v1_"], /[0-9a-f]{64}/),
  token("heroku-key", ["HRKU-"], /[\w-]{30,80}/),
  token("shopify-token", ["shpat_", "shpca_", "shppa_", "shpss_"], /[0-9a-fA-F]{32}/),
  token("sendgrid-key", ["SG."], /[\w-]{16,32}\.[\w-]{32,64}/),
  token("mailgun-key", ["key-"], /[0-9a-f]{32}/),
  token("twilio-key", ["SK"], /[0-9a-f]{32}/),
  token("databricks-token", ["dapi"], /[0-9a-f]{32}/),
  token("linear-key", ["lin_api_", "lin_oauth_"], /[A-Za-z0-9]{32,64}/),
  token("notion-token", ["secret_", "ntn_"], /[A-Za-z0-9]{40,64}/, looksDrawn),
  token("airtable-token", ["pat"], /[A-Za-z0-9]{14}\.[0-9a-f]{64}/),
  token("atlassian-token", ["ATATT3", "ATCTT3", "ATBB"], /[\w=-]{20,300}/, looksDrawn),
  token("newrelic-key", ["NRAK-", "NRII-", "NRIQ-"], /[\w-]{24,40}/),
  token("grafana-token", ["glsa_", "glc_"], /[\w=+/-]{30,400}/),
  token("doppler-token", ["dp.pt.", "dp.st.", "dp.ct.", "dp.sa."], /[\w.]{32,64}/),
  token("postman-key", ["PMAK-"], /[0-9a-f]{24}-[0-9a-f]{34}/),
  token("vault-token", ["hvs.", "hvb.", "hvr."], /[\w-]{24,255}/),
  token("age-key", ["AGE-SECRET-KEY-1"], /[02-9AC-HJ-NP-Z]{58}/),
  token("planetscale-token", ["pscale_tkn_", "pscale_pw_", "pscale_oauth_"], /[\w.-]{32,64}/),
  token("supabase-token", ["sbp_", "sb_secret_"], /\w{20,64}/, looksDrawn),
  token("sentry-token", ["sntrys_", "sntryu_"], /[\w+/=.-]{30,400}/),
  token("fly-token", ["fo1_", "fm1r_", "fm2_"], /[\w+/=-]{30,512}/),
  token("pulumi-token", ["pul-"], /[0-9a-f]{40}/),
  token("1password-token", ["ops_eyJ"], /[\w=-]{100,2000}/),
  token("1password-key", ["A3-"], /[A-Z0-9]{6}-(?:[A-Z0-9]{5,11}-?){4,6}/),
  token("facebook-token", ["EAACEdEose0cBA", "EAAG", "EAAB"], /[A-Za-z0-9]{60,300}/),
  token("extended-key", ["xprv"], /[1-9A-HJ-NP-Za-km-z]{100,112}/),
  token("jwt", ["eyJ"], /[\w-]{8,4000}\.eyJ[\w-]{8,4000}\.[\w-]{8,1000}/),
  token("password-hash", ["$2a$", "$2b$", "$2y$"], /\d\d\$[./A-Za-z0-9]{53}/),
  token("password-hash", ["$argon2"], /[a-z]{1,2}\$[\w=,$+/-]{40,300}/),
  token("password-hash", ["$6$", "$5$", "$y$"], /[\w./$=]{40,200}/),
  behind("telegram-token", ":AA", /\d/, 10, /\d{8,10}:AA[\w-]{32,34}(?![\w-])/y),
  behind("mailchimp-key", "-us", /[0-9a-f]/, 32, /[0-9a-f]{32}-us\d{1,2}(?!\w)/y),
  behind("terraform-token", ".atlasv1.", /\w/, 14, /\w{14}\.atlasv1\.[\w=-]{60,70}/y),
];

function LONG_WORD(): RegExp {
  return /\w{20,255}/;
}

/** A prefix that begins a word, and what has to follow it up to the word's end. */
function token(
  kind: string,
  at: readonly string[],
  rest: RegExp,
  drawn?: (value: string) => boolean,
): Shape {
  const prefixes = at.map((literal) => literal.replace(/[$.]/gu, "\\$&")).join("|");
  const pattern = new RegExp(`(?<![\\w-])(?:${prefixes})(?:${rest.source})(?![A-Za-z0-9])`, "y");
  return { kind, class: "secret", at, pattern, ...(drawn ? { holds: drawn } : {}) };
}

/** A literal in the middle, with at most `max` such characters before it. */
function behind(kind: string, literal: string, chars: RegExp, max: number, pattern: RegExp): Shape {
  return { kind, class: "secret", at: [literal], lead: { chars, max }, pattern };
}

/** Drawn by a machine and not written by a person: digits among letters, or both cases mixed. */
function looksDrawn(value: string): boolean {
  const digits = value.replace(/\D/gu, "").length;
  return digits >= 2 || (/[a-z]{2}/u.test(value) && /[a-z][A-Z]/u.test(value) && digits >= 1);
}
