import type { ReactNode } from "react";
import type { DiffOfArtifact } from "../../contracts/http/cockpit.ts";
import type { Of } from "../net/api.ts";
import { Plain } from "./plain.tsx";

/** What is new in some files, line by line. */
export function Diff({ changes }: { changes: Of<typeof DiffOfArtifact>["changes"] }): ReactNode {
  if (changes.length === 0) return <p className="soft">Nothing is another.</p>;
  return changes.map(({ path, state, lines, more, note }) => (
    <figure key={path} className="sheet diff" aria-label={path} tabIndex={0}>
      <figcaption className="soft">
        {state} <Plain text={path} /> {note !== undefined && <Plain text={note} />}
      </figcaption>
      {lines.map(({ kind, text }, i) => (
        <div key={i} className={kind === "added" ? "add" : kind === "removed" ? "del" : ""}>
          <span aria-hidden="true">
            {kind === "added" ? "+ " : kind === "removed" ? "- " : "  "}
          </span>
          {kind !== "same" && <span className="hidden">{kind}: </span>}
          <Plain text={text} />
        </div>
      ))}
      {more > 0 && <div className="soft">{more} more lines</div>}
    </figure>
  ));
}
