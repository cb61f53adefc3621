import * as fs from "node:fs";

type Listener = () => void;

/**
 * Tells whoever asks that something was written to the journal, by this process or another. The
 * system tells of the file; nothing is asked again and again, and where nobody listens nothing is.
 */
export class Written {
  /** Null in memory, where nobody else writes. */
  readonly #dir: string | null;
  readonly #listeners = new Set<Listener>();
  #watcher: fs.FSWatcher | null = null;

  constructor(dir: string | null) {
    this.#dir = dir;
  }

  on(listener: Listener): () => void {
    const own: Listener = () => listener();
    this.#listeners.add(own);
    this.#watch();
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.close();
    };
  }

  /** Tells once these are on disk. */
  after<T>(written: Promise<T>): Promise<T> {
    if (this.#listeners.size > 0) void written.then(this.#tell, () => undefined);
    return written;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  readonly #tell = (): void => {
    for (const listener of this.#listeners) listener();
  };

  #watch(): void {
    if (this.#dir === null || this.#watcher) return;
    this.#watcher = fs.watch(this.#dir, (_, name) => {
      if (name?.startsWith("journal.db") === true) this.#tell();
    });
    // A folder that goes away ends what it would tell, and nothing else.
    this.#watcher.on("error", () => this.close());
    this.#watcher.unref();
  }
}
