import { type ReactNode, useState } from "react";
import type { Of } from "../net/api.ts";
import type { RunList } from "../../contracts/http/runs.ts";
import { usePaged } from "../net/paged.ts";
import { useNow } from "../ui/clock.ts";
import { costOf, countOf, whenOf } from "../ui/figures.ts";
import { Browse } from "../ui/browse.tsx";
import { State } from "../ui/marks.tsx";
import { usePlace } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Run } from "./runs/run.tsx";

type Line = Of<typeof RunList>["data"][number];

/** Everything that ran, newest first, and one of them beside it. */
export function Runs(): ReactNode {
  const { id } = usePlace();
  const [words, setWords] = useState("");
  const runs = usePaged<Line>("/v1/runs", words, {
    idOf: ({ run }) => run,
    touches: ({ kind }) => kind.startsWith("run."),
  });
  return (
    <Browse
      page="runs"
      title="Runs"
      list={runs}
      idOf={({ run }) => run}
      words={words}
      find={setWords}
      line={(line) => <RunLine line={line} />}
      nothing="Nothing ran yet. Ask the oracle in Chat."
      choose="Choose one to see what it did, step by step."
    >
      {id !== null && <Run key={id} id={id} />}
    </Browse>
  );
}

function RunLine({ line }: { line: Line }): ReactNode {
  const now = useNow();
  return (
    <>
      <div className="line">
        <State is={line.outcome ?? line.state} />
        <span className="grow">
          <Plain text={line.request} most={200} />
        </span>
      </div>
      <div className="line soft num">
        <Plain text={line.agent} />
        <span className="grow">
          {line.steps} steps, {countOf(line.tokens)} tokens, {costOf(line.cost)}
        </span>
        <span>{whenOf(line.at, now)}</span>
      </div>
    </>
  );
}
