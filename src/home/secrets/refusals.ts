import { parseAddress } from "../../std/address.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { plainText } from "../../std/text.ts";
import type { Secret } from "./secrets.ts";

/** The value and hosts as they are kept, or a refusal. */
export function checked(name: string, given: string, wanted: readonly string[]): Secret {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/u.test(name)) {
    throw new NanosError(
      "secret.bad_name",
      `'${plainText(name)}' is no name of a secret.`,
      "Use letters, digits, dot, - and _, beginning with a letter or _.",
    );
  }
  const value = given.replace(/\r?\n$/u, "");
  if (value.length < LIMITS.storedSecretChars) {
    throw new NanosError(
      "secret.too_short",
      `A secret of fewer than ${LIMITS.storedSecretChars} characters could not be told from ordinary text.`,
      "Store the whole value, or a longer one.",
    );
  }
  if (Buffer.byteLength(value) > LIMITS.secretBytes) {
    throw new NanosError(
      "secret.too_long",
      `A secret has at most ${LIMITS.secretBytes} bytes.`,
      "Store the key itself and leave what is around it in a file.",
    );
  }
  if (value.includes("\0")) {
    throw new NanosError("secret.bad_value", "The value holds a zero byte.", "Store it as text.");
  }
  if (wanted.length > LIMITS.secretHosts) throw badHost(`${wanted.length} hosts`);
  const hosts = wanted.map((host) => parseAddress(host)?.text ?? null);
  const bad = hosts.indexOf(null);
  if (bad >= 0) throw badHost(wanted[bad] ?? "");
  return { value, hosts: [...new Set(hosts as string[])] };
}

function badHost(host: string): NanosError {
  return new NanosError(
    "secret.bad_host",
    `A secret cannot be bound to ${plainText(host)}.`,
    `Name at most ${LIMITS.secretHosts} hosts, each as HOST or HOST:PORT.`,
  );
}

/** Nothing of that name is stored. */
export function missing(name: string): NanosError {
  return new NanosError(
    "secret.missing",
    `No secret ${plainText(name)} is stored.`,
    `Store it: nanos secret set ${plainText(name)}`,
  );
}

/** It is not to be sent to this host, nor given to a program that reaches it. */
export function notBound(name: string, host: string): NanosError {
  return new NanosError(
    "secret.not_bound",
    `The secret ${name} is not bound to ${plainText(host)}, so it does not go there.`,
    `If it should, store it anew: nanos secret set ${name} --hosts ${plainText(host)}`,
  );
}

export function tooMany(): NanosError {
  return new NanosError(
    "secret.too_many",
    `There are ${LIMITS.secrets} secrets, as many as are kept.`,
    "Remove one: nanos secret rm NAME",
  );
}

export function locked(why: string): NanosError {
  return new NanosError(
    "secret.locked",
    `The secrets are locked. ${why}`,
    "Give the passphrase at the terminal or in NANOS_PASSPHRASE; unlock the keyring of the desktop.",
  );
}

export function wrongPassphrase(): NanosError {
  return new NanosError(
    "secret.wrong_passphrase",
    "That is not the passphrase of the secrets.",
    "Try again. Without it the values are gone: nanos secret rm NAME, then set it anew.",
  );
}

export function changed(file: string, name: string): NanosError {
  return new NanosError(
    "secret.damaged",
    `The secret ${name} is not as it was stored in ${file}.`,
    `Store it anew: nanos secret rm ${name}, then nanos secret set ${name}`,
  );
}

export function noKeyring(): NanosError {
  return new NanosError(
    "secret.no_keyring",
    "No keyring of this machine could be reached.",
    "On Linux: apt install libsecret-tools, and start nanos in the desktop's session. Or: --keep passphrase",
  );
}
