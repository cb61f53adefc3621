import { type ReactNode, useEffect, useRef } from "react";
import { keysNow } from "./keys.ts";

/** Every key that acts where the operator is. */
export function Help({ close }: { close: () => void }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={close} aria-label="Keys">
      <div className="stack">
        <h2>Keys</h2>
        <dl className="facts">
          {keysNow().map(({ key, says }) => (
            <div key={key} className="fact">
              <dt>
                {key.split(" ").map((one, i) => (
                  <kbd key={i}>{one}</kbd>
                ))}
              </dt>
              <dd>{says}</dd>
            </div>
          ))}
        </dl>
        <div className="actions">
          <button onClick={() => dialog.current?.close()} autoFocus>
            Close
          </button>
        </div>
      </div>
    </dialog>
  );
}
