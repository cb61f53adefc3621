import { type ReactNode, useState } from "react";
import type { ScheduleList } from "../../../contracts/http/missions.ts";
import { Act } from "../../act/act.tsx";
import { type Of, send } from "../../net/api.ts";
import { wholeList } from "../../net/paged.ts";
import { useResource } from "../../net/resource.ts";
import { Browse } from "../../ui/browse.tsx";
import { useDoing } from "../../ui/doing.ts";
import { type Fact, Facts } from "../../ui/facts.tsx";
import { countOf, timeOf } from "../../ui/figures.ts";
import { State } from "../../ui/marks.tsx";
import { go, hrefOf, usePlace } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Empty, Trouble } from "../../ui/says.tsx";
import { mostOf, NewSchedule } from "./new.tsx";

type Line = Of<typeof ScheduleList>["data"][number];

/** What begins at its time: when that comes, what it waits for or missed, and what it began last. */
export function Schedules(): ReactNode {
  const { id } = usePlace();
  const [words, setWords] = useState("");
  const all = useResource<Of<typeof ScheduleList>>("/v1/schedules", ({ kind }) =>
    /^(?:schedule|run)\./u.test(kind),
  );
  const line = all.data?.data.find(({ name }) => name === id);
  return (
    <Browse
      page="schedules"
      title="Schedules"
      list={wholeList(all, ({ data }) => data, {
        words,
        text: (one) => `${one.name} ${whatOf(one)}`,
      })}
      idOf={({ name }) => name}
      words={words}
      find={setWords}
      line={(one) => <ScheduleLine line={one} />}
      nothing="Nothing begins by itself. A schedule begins a plan or asks an agent at its time."
      choose="Choose one to see when it comes and what it may use."
      top={
        <Act
          {...{ says: "New schedule", press: "n", look: "strong" }}
          act={() => go(hrefOf("schedules", "new"))}
        />
      }
    >
      {id === "new" ? (
        <NewSchedule saved={all.reload} />
      ) : (
        (line && <Schedule key={line.name} line={line} reload={all.reload} />) || (
          <Empty>There is no schedule of this name any more.</Empty>
        )
      )}
    </Browse>
  );
}

function whatOf({ what }: Line): string {
  return "plan" in what ? `plan ${what.plan}` : `${what.agent}: ${what.text}`;
}

const whenOf = ({ when }: Line): string =>
  "cron" in when ? `${when.cron} in ${when.zone}` : `${timeOf(when.at)} in ${when.zone}`;

function ScheduleLine({ line }: { line: Line }): ReactNode {
  return (
    <>
      <div className="line">
        <span className="grow">
          <Plain text={line.name} />
        </span>
        <State is={line.state} />
      </div>
      <div className="line soft num">
        <span className="grow">
          <Plain text={whatOf(line)} most={120} />
        </span>
        <span>{line.next === null ? "" : timeOf(line.next)}</span>
      </div>
    </>
  );
}

function Schedule({ line, reload }: { line: Line; reload: () => void }): ReactNode {
  const { name, why } = line;
  const doing = useDoing();
  const again = (): void =>
    doing.act(async () => {
      await send("POST", "/v1/schedules", { name });
      reload();
    });
  const remove = (): void =>
    doing.act(async () => {
      await send("DELETE", `/v1/schedules/${encodeURIComponent(name)}`);
      reload();
      go(hrefOf("schedules"));
    });
  return (
    <div className="stack">
      <h2>
        <Plain text={name} />
      </h2>
      <Facts rows={factsOf(line)} />
      {why && (
        <p className="note warn">
          <Plain text={why.message} /> <code>{why.code}</code>
        </p>
      )}
      <Trouble error={doing.error} />
      <div className="actions">
        <Act {...{ says: "Save it again", press: "r", off: doing.busy, act: again }} />
        <Act {...{ says: "Remove it", press: "d", look: "danger", off: doing.busy, act: remove }} />
      </div>
    </div>
  );
}

function factsOf(line: Line): readonly Fact[] {
  const { state, next, passed, run, estimate, at, missed } = line;
  return [
    ["state", <State is={state} />],
    ["begins", <Plain text={whatOf(line)} />],
    ["when", <Plain text={whenOf(line)} />],
    next !== null && ["next", timeOf(next)],
    ["at most", mostOf(estimate)],
    ["missed times", missed === "once" ? "begin one run for all" : "begin nothing"],
    passed > 0 && ["passed", `${countOf(passed)} times began nothing`],
    run !== null && ["began last", <a href={hrefOf("runs", run)}>{run}</a>],
    ["saved", timeOf(at)],
  ];
}
