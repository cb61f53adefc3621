import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder for one test, with what lies in it: path to text. Links are real ones. */
export interface TestFolder extends Disposable {
  readonly dir: string;
  write(files: Readonly<Record<string, string | Uint8Array>>): void;
  read(path: string): string;
}

/** Made under the system's temporary folder, links resolved; gone when disposed. */
export function testFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): TestFolder {
  const dir = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "nanos-home-")));
  const write: TestFolder["write"] = (all) => {
    for (const [path, content] of Object.entries(all)) {
      fs.mkdirSync(dirname(join(dir, path)), { recursive: true });
      fs.writeFileSync(join(dir, path), content);
    }
  };
  write(files);
  return {
    dir,
    write,
    read: (path) => fs.readFileSync(join(dir, path), "utf8"),
    [Symbol.dispose]: () => fs.rmSync(dir, { recursive: true, force: true }),
  };
}

/** The smallest whole arrangement: an oracle, a skill with a tool, a rule and a route. */
export const SMALL: Readonly<Record<string, string>> = {
  "arrangement.yaml": "name: small\ndescription: A small one.\n",
  "agents/oracle.md":
    "---\nname: oracle\ndescription: Answers.\nskills: [notes]\n---\nYou answer.\n",
  "skills/notes/SKILL.md": "---\nname: notes\ndescription: Keeps notes.\n---\nKeep them short.\n",
  "skills/notes/nanos.yaml": "scopes: ['read:./notes', 'write:./notes']\n",
  "skills/notes/tools/notes.ts": "export default 1;\n",
  "rules.yaml":
    "rules:\n  - id: no-models\n    when: {kind: model}\n    then: deny\n" +
    "    example: {kind: model}\n    counter: {kind: tool}\n",
  "routes.yaml":
    "routes:\n  - id: hi\n    match: ^hi$\n    say: Hello\n    example: hi\n    counter: bye\n",
};

/** `files` below a folder: paths get its name in front. */
export function under(
  folder: string,
  files: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]),
  );
}

/** What `act` throws, as `code: message | next`, or the word `nothing`. */
export async function refusal(
  act: () => unknown,
): Promise<{ code: string; message: string; next: string }> {
  try {
    await act();
  } catch (error) {
    const { code, message, next } = error as { code?: string; message: string; next?: string };
    return { code: code ?? "none", message, next: next ?? "" };
  }
  return { code: "nothing", message: "nothing was refused", next: "" };
}
