import { KEEPERS, type Keeper, type SecretLine } from "../../contracts/secret.ts";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import { arg, type Command, type Context, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { table } from "../render/table.ts";
import { clockTime } from "../render/words.ts";

export const command: Command = {
  name: "secret",
  summary: "keys and tokens: tools use them by name and never see them",
  example: "nanos secret set GITHUB_TOKEN --hosts api.github.com",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "names, hosts, where they are kept, last use; never a value",
      example: "nanos secret list --json",
      run: async (context) => {
        const all = await (await context.nanos()).secrets.list();
        await show(context, all, () => secretTable(all, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "set",
      summary: "store a value, from a hidden prompt or standard input",
      example: "nanos secret set GITHUB_TOKEN --hosts api.github.com",
      args: [{ name: "NAME", about: "what tools call it", required: true }],
      options: [
        {
          flag: "--hosts",
          value: "HOST",
          about: "where requests may carry it, HOST or HOST:PORT; repeat or join by commas",
          many: true,
        },
        { flag: "--keep", value: "WHERE", about: "keyring, passphrase or file, for all of them" },
      ],
      run: async (context, input) => {
        const name = arg(input, "NAME");
        const hosts = (input.options["--hosts"] ?? []).flatMap((given) => given.split(","));
        const keep = keeperOf(option(input, "--keep"));
        const nanos = await context.nanos();
        const value = await valueFor(context, name);
        const options = { hosts, ...(keep === undefined ? {} : { keep }) };
        const stored = await nanos.secrets.set(name, value, options);
        await show(context, stored, () => storedLines(stored));
        return EXIT.succeeded;
      },
    },
    {
      name: "rm",
      summary: "forget a secret",
      example: "nanos secret rm GITHUB_TOKEN",
      args: [{ name: "NAME", about: "the secret", required: true }],
      run: async (context, input) => {
        const name = arg(input, "NAME");
        await (await context.nanos()).secrets.rm(name);
        await show(context, { name, removed: true }, () => [[span("removed ", "green"), name]]);
        return EXIT.succeeded;
      },
    },
  ],
};

/** Secrets as a table. */
export function secretTable(secrets: readonly SecretLine[], width: number): readonly Line[] {
  if (secrets.length === 0) return ["No secrets. nanos secret set NAME stores one."];
  return table(
    [
      { title: "secret", text: ({ name }) => name, style: () => "bold" },
      { title: "kept", text: ({ kept }) => KEPT[kept] },
      { title: "last used", text: ({ used }) => (used === null ? "never" : clockTime(used)) },
      { title: "goes to", text: ({ hosts }) => hosts.join(" ") || "no host" },
    ],
    secrets,
    width,
  );
}

const KEPT: Readonly<Record<Keeper, string>> = {
  keyring: "keyring",
  passphrase: "passphrase",
  file: "unencrypted",
};

function storedLines({ name, hosts, kept }: SecretLine): readonly Line[] {
  const to = hosts.length === 0 ? "" : ` for ${hosts.join(", ")}`;
  const how: Readonly<Record<Keeper, Line>> = {
    keyring: "sealed by a key in the keyring of this machine",
    passphrase: "sealed by your passphrase",
    file: [
      span("not encrypted: a file that only you can read. --keep passphrase seals it", "yellow"),
    ],
  };
  return [[span("stored ", "green"), `${name}${to}`], how[kept]];
}

function keeperOf(given: string | undefined): Keeper | undefined {
  const found = KEEPERS.find((keeper) => keeper === given);
  if (given === undefined || found !== undefined) return found;
  throw new NanosError(
    "usage.keep",
    `A secret cannot be kept in ${given}.`,
    `--keep takes one of ${KEEPERS.join(", ")}.`,
  );
}

/** Never an argument: those are seen by every process and kept by the shell. */
async function valueFor({ terminal }: Context, name: string): Promise<string> {
  if (!terminal.inTty) return terminal.read(LIMITS.secretBytes + 2);
  const value = await terminal.hidden(`Value of ${name} (not shown): `);
  if (value !== null && value !== "") return value;
  throw new NanosError("secret.no_value", "No value was given.", "Type it, or redirect a file.");
}
