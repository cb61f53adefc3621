import { type ReactNode, useState } from "react";
import { Act } from "../act/act.tsx";
import type { MissionList } from "../../contracts/http/missions.ts";
import type { Of } from "../net/api.ts";
import { usePaged } from "../net/paged.ts";
import { Browse } from "../ui/browse.tsx";
import { useNow } from "../ui/clock.ts";
import { costOf, whenOf } from "../ui/figures.ts";
import { Bar, Rank, State } from "../ui/marks.tsx";
import { go, hrefOf, usePlace } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Mission } from "./missions/mission.tsx";
import { NewMission } from "./missions/new.tsx";

type Line = Of<typeof MissionList>["data"][number];

const MOVES = /^(?:run|task|mission)\./u;

/** Missions, newest first: rank, outcome, how far they are and what they cost; and one beside them. */
export function Missions(): ReactNode {
  const { id } = usePlace();
  const [words, setWords] = useState("");
  const missions = usePaged<Line>("/v1/engine/missions", words, {
    idOf: ({ run }) => run,
    touches: ({ kind }) => MOVES.test(kind),
  });
  const begin = (): void => go(hrefOf("missions", "new"));
  return (
    <Browse
      page="missions"
      title="Missions"
      list={missions}
      idOf={({ run }) => run}
      words={words}
      find={setWords}
      line={(line) => <MissionLine line={line} />}
      nothing="No mission began yet. A plan is a file: nanos plan new writes one to start from."
      choose="Choose one to see its plan and how far it is."
      top={<Act says="New mission" press="n" look="strong" act={begin} />}
    >
      {id === "new" ? <NewMission /> : id !== null && <Mission key={id} id={id} />}
    </Browse>
  );
}

function MissionLine({ line }: { line: Line }): ReactNode {
  const now = useNow();
  const { tasks } = line;
  const says = `${tasks.ended} of ${tasks.all} tasks`;
  return (
    <>
      <div className="line">
        <Rank rank={line.rank} />
        <span className="grow">
          <Plain text={line.plan} most={200} />
        </span>
        {line.review && <State is="flagged" />}
        <State is={line.outcome ?? line.state} />
      </div>
      <div className="line soft num">
        <span>{says}</span>
        <span className="grow">
          <Bar part={tasks.all === 0 ? 0 : tasks.ended / tasks.all} says={says} />
        </span>
        <span>{costOf(line.cost)}</span>
        <span>{whenOf(line.at, now)}</span>
      </div>
    </>
  );
}
