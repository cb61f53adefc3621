/**
 * What is known, as plain files a person may read, edit, move and put under version control:
 *
 *     DIR/*.md                shared: known to the oracle and to whom it was granted
 *     DIR/conversation/*.md   what was captured of conversations
 *     DIR/agents/NAME/*.md    what one agent keeps for itself
 *
 * A memory is called by its folder: `shared`, `conversation`, `agents/NAME`. A note is a file of
 * Markdown without any form of its own. Who had a hand in it is not written there but known to the
 * journal by the hash of its content.
 *
 * Contract:
 * - Only regular files are read, in real folders inside DIR; what is a link is left out and said.
 * - Nothing outside the memories that are named is looked at, whatever is searched for.
 * - `write` puts a note there as a whole or not at all; writing the same again changes nothing.
 * - It decides nothing: whoever writes has asked the gate and recorded the answer before.
 */
export interface Memory {
  /** The folder, absolute. It need not exist. */
  readonly dir: string;
  /** Makes the folder where it can, so that walls stand around it before anything lies there. */
  ready(): void;
  /** Every note of these memories, by memory and name. */
  list(memories: readonly string[]): Notes;
  /** Notes of these memories that hold the words, best first; all of them where no words are left. */
  search(memories: readonly string[], words: string, most: number): readonly Note[];
  /** @throws NanosError `memory.unwritable`, `memory.bad_name`. */
  write(memory: string, id: string, text: string): Note;
  /** Takes the file away; false when there is none. @throws NanosError `memory.unwritable`. */
  remove(memory: string, id: string): boolean;
}

/** One note as it lies on disk. */
export interface Note {
  /** The file's name without `.md`. */
  readonly id: string;
  readonly memory: string;
  readonly text: string;
  /** SHA-256 of the file's content. */
  readonly hash: string;
}

export interface Notes {
  readonly notes: readonly Note[];
  /** Files that lie there and are not read, with why, one sentence each. */
  readonly skipped: readonly string[];
}

export const SHARED = "shared";
export const CONVERSATION = "conversation";

/** The memory that is an agent's own. */
export function ownMemory(agent: string): string {
  return `agents/${agent}`;
}

/** A name as a manifest writes it (`shared`, `research`) as the name of a memory. */
export function memoryNamed(name: string): string {
  return name === SHARED || name === CONVERSATION || name.startsWith("agents/")
    ? name
    : ownMemory(name);
}
