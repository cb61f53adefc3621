import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Plain } from "../ui/plain.tsx";
import { type Action, actionsNow, nameOf } from "./actions.ts";

/** Everything that can be done here, with its key: found by its words, and done by Enter. */
export function Palette({ close }: { close: () => void }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  useChanges();
  useEffect(() => dialog.current?.showModal(), []);
  const found = sought([...actionsNow(), ...linksHere()], words);
  const shown = found.slice(0, MOST);
  const run = (action: Action | undefined): void => {
    if (!action) return;
    // Closed first, so that what is acted on can take the focus.
    dialog.current?.close();
    action.act();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by !== 0) setAt((at + by + shown.length) % Math.max(1, shown.length));
    else if (event.key === "Enter") run(shown[at]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={dialog} onClose={close} aria-label="What can be done here" className="palette">
      <input
        {...{ role: "combobox", onKeyDown, value: words, placeholder: "What do you want to do?" }}
        aria-label="What you want to do"
        aria-expanded="true"
        aria-controls="actions"
        aria-activedescendant={shown.length > 0 ? `action-${at}` : undefined}
        onChange={({ target }) => {
          setWords(target.value);
          setAt(0);
        }}
      />
      <Lines {...{ shown, at, run }} />
      <p className="soft" role="status">
        {found.length === 0 ? "Nothing here says that." : countsOf(found.length)}
      </p>
    </dialog>
  );
}

/** Draws anew when the page does: what can be done is another then. */
function useChanges(): void {
  const [, setVersion] = useState(0);
  useEffect(() => {
    const page = document.querySelector("main");
    const seen = new MutationObserver(() => setVersion((was) => was + 1));
    if (page) seen.observe(page, { subtree: true, childList: true, attributeFilter: ["disabled"] });
    return () => seen.disconnect();
  }, []);
}

/** Lines drawn at once; words lead to the others. */
const MOST = 100;

function countsOf(all: number): string {
  return all > MOST ? `${MOST} of ${all}: type to find the others` : `${all} · Enter does it`;
}

function Lines(given: {
  shown: readonly Action[];
  at: number;
  run: (action: Action) => void;
}): ReactNode {
  const { shown, at, run } = given;
  const chosen = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // It answers with a promise, which is nothing to clean up.
    chosen.current?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return (
    <div role="listbox" id="actions" aria-label="What can be done here" tabIndex={-1}>
      {shown.map((action, i) => (
        <div
          key={i}
          ref={i === at ? chosen : null}
          id={`action-${i}`}
          role="option"
          aria-selected={i === at}
          className="row"
          data-does={nameOf(action)}
          onClick={() => run(action)}
        >
          <span className="grow">
            <Plain text={nameOf(action)} most={200} />
          </span>
          {action.press?.split(" ").map((key, j) => (
            <kbd key={j}>{key}</kbd>
          ))}
        </div>
      ))}
    </div>
  );
}

/** Those that have every word, the ones that begin with them first. */
function sought(all: readonly Action[], words: string): readonly Action[] {
  const typed = words.trim().toLowerCase();
  if (typed === "") return all;
  const parts = typed.split(/\s+/u);
  const named = all.map((action) => ({ action, name: nameOf(action).toLowerCase() }));
  const has = named.filter(({ name }) => parts.every((part) => name.includes(part)));
  const rank = (name: string): number => (name === typed ? 0 : name.startsWith(typed) ? 1 : 2);
  return has.toSorted((a, b) => rank(a.name) - rank(b.name)).map(({ action }) => action);
}

/** Links of the page are ways as well. */
function linksHere(): readonly Action[] {
  return [...document.querySelectorAll<HTMLAnchorElement>("main a[href]")].map((link) => ({
    says: "Open",
    of: link.textContent,
    act: () => link.click(),
  }));
}
