import { type ReactNode, useState } from "react";
import type { Inbox } from "../../contracts/http/cockpit.ts";
import type { MemoryShown } from "../../contracts/http/status.ts";
import type { Of } from "../net/api.ts";
import { wholeList } from "../net/paged.ts";
import { useResource } from "../net/resource.ts";
import { Browse } from "../ui/browse.tsx";
import { State } from "../ui/marks.tsx";
import { usePlace } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Note, Waiting } from "./memory/note.tsx";

/** A note, or what waits to become one. */
interface Line {
  readonly id: string;
  readonly memory: string;
  readonly text: string;
  readonly state: "waiting" | "by hand" | "kept";
}

/** What is remembered: notes with where they come from, and what waits for the operator. */
export function Memory(): ReactNode {
  const { id } = usePlace();
  const [words, setWords] = useState("");
  const touches = ({ kind }: { kind: string }): boolean =>
    /^(?:memory|action\.settled)/u.test(kind);
  const notes = useResource<Of<typeof MemoryShown>>("/v1/memory", touches);
  const inbox = useResource<Of<typeof Inbox>>("/v1/memory/inbox", touches);
  const list = wholeList(notes, ({ notes: all }) => linesOf(inbox.data, all), {
    words,
    text: ({ text, memory }) => `${memory} ${text}`,
  });
  const waits = inbox.data?.data.some((one) => one.id === id) ?? false;
  const reload = (): void => {
    notes.reload();
    inbox.reload();
  };
  return (
    <Browse
      page="memory"
      title="Memory"
      list={list}
      idOf={(line) => line.id}
      words={words}
      find={setWords}
      line={(line) => <NoteLine line={line} />}
      nothing={
        notes.data?.settings.enabled === false
          ? "Memory is off here. The arrangement switches it on: memory in arrangement.yaml."
          : "Nothing is remembered yet. Say “remember that …” in Chat."
      }
      choose="Choose a note to see where it comes from."
    >
      {id !== null &&
        (waits ? <Waiting key={id} {...{ id, reload }} /> : <Note key={id} {...{ id, reload }} />)}
    </Browse>
  );
}

function linesOf(
  inbox: Of<typeof Inbox> | null,
  notes: Of<typeof MemoryShown>["notes"],
): readonly Line[] {
  const waiting = (inbox?.data ?? []).map(({ id, memory, text }): Line => ({
    id,
    memory,
    text,
    state: "waiting",
  }));
  const kept = notes.map(({ id, memory, text, byHand }): Line => ({
    id,
    memory,
    text,
    state: byHand ? "by hand" : "kept",
  }));
  return [...waiting, ...kept];
}

function NoteLine({ line: { memory, text, state } }: { line: Line }): ReactNode {
  return (
    <>
      <div className="line">
        <span className="grow">
          <Plain text={text.trim().split("\n")[0] ?? ""} most={200} />
        </span>
        {state !== "kept" && <State is={state} />}
      </div>
      <div className="line soft">
        <Plain text={memory} />
      </div>
    </>
  );
}
