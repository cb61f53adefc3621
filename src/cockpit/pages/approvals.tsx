import { type ReactNode, useState } from "react";
import { Act } from "../act/act.tsx";
import { Field } from "../act/field.tsx";
import type { AskLine, AskList, AskShown } from "../../contracts/http/runs.ts";
import { send, type Of } from "../net/api.ts";
import { useResource } from "../net/resource.ts";
import { Batch, topOf } from "./approvals/batch.tsx";
import { now, useNow } from "../ui/clock.ts";
import { Diff } from "../ui/diff.tsx";
import { useDoing } from "../ui/doing.ts";
import { spanOf } from "../ui/figures.ts";
import { type Fact, Facts } from "../ui/facts.tsx";
import { Opened } from "../ui/browse.tsx";
import { List } from "../ui/list.tsx";
import { Rank } from "../ui/marks.tsx";
import { go, hrefOf, usePlace } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Empty, Shown, Trouble } from "../ui/says.tsx";

/** Everything that waits for the operator, in one queue. */
export function Approvals(): ReactNode {
  const { id } = usePlace();
  const asks = useResource<Of<typeof AskList>>("/v1/approvals", () => true);
  return (
    <div className="page">
      <div className="top">
        <h1>Approvals</h1>
      </div>
      <Shown of={asks} what="what waits">
        {({ data }) =>
          data.length === 0 && id === null ? (
            <Empty>
              Nothing waits for you. What an agent may not do by itself is asked here, with the
              exact arguments.
            </Empty>
          ) : (
            <div className={id === null ? "panes" : "panes open"}>
              <div className="sheet list-pane">
                <List
                  label="What waits"
                  items={data}
                  idOf={(ask) => ask.id}
                  chosen={id}
                  choose={(to) => go(hrefOf("approvals", to))}
                >
                  {(ask) => <Line ask={ask} />}
                </List>
              </div>
              <section className="sheet detail" aria-label="The ask" tabIndex={0}>
                {id === null ? (
                  <Empty>Choose one to see exactly what it would do.</Empty>
                ) : (
                  <Opened page="approvals">
                    <Ask key={id} id={id} rest={data} />
                  </Opened>
                )}
              </section>
            </div>
          )
        }
      </Shown>
    </div>
  );
}

function Line({ ask }: { ask: AskLine }): ReactNode {
  const left = ask.expires - useNow();
  return (
    <>
      <div className="line">
        <span className="grow">
          <Plain text={ask.what} most={300} />
        </span>
      </div>
      <div className="line soft">
        <Plain text={ask.agent} />
        <span className="grow">{ask.reason}</span>
        <span className="num">{left > 0 ? `${spanOf(left)} left` : "expired"}</span>
      </div>
    </>
  );
}

type Whole = Of<typeof AskShown>;

function Ask({ id, rest }: { id: string; rest: readonly AskLine[] }): ReactNode {
  const ask = useResource<Whole>(`/v1/approvals/${encodeURIComponent(id)}`);
  const [typed, setTyped] = useState("");
  return (
    <Shown of={ask} what="the ask">
      {(whole) => (
        <div className="stack">
          <h2>
            <Plain text={whole.what} />
          </h2>
          <Facts rows={factsOf(whole)} />
          <h3>Exactly this</h3>
          <pre className="text">
            <Plain text={JSON.stringify(whole.action, null, 2)} />
          </pre>
          {whole.changes.length > 0 && (
            <>
              <h3>What it would change</h3>
              <Diff changes={whole.changes} />
            </>
          )}
          {whole.earlier && <p className="note">Before: {whole.earlier.says}.</p>}
          {whole.rank === "S" && (
            <Field
              {...{ label: "Its name", value: typed, set: setTyped }}
              about={
                <>
                  as it is rank S: <code>{whole.name}</code>
                </>
              }
            />
          )}
          <Answers ask={whole} typed={typed} next={rest.find((one) => one.id !== id)?.id} />
          <Batch asks={rest.filter(({ run }) => topOf(run) === topOf(whole.run))} />
        </div>
      )}
    </Shown>
  );
}

/** The operator's yes or no, which leads to what waits next. */
function Answers(given: { ask: Whole; typed: string; next: string | undefined }): ReactNode {
  const { ask, typed, next } = given;
  const doing = useDoing();
  const answer = (verdict: "approve" | "deny", body: object): void =>
    doing.act(async () => {
      await send("POST", `/v1/approvals/${encodeURIComponent(ask.id)}/${verdict}`, body);
      go(hrefOf("approvals", next));
    });
  const words = ask.rank === "S" ? { typed } : {};
  const approve = (reach: "once" | "run"): void =>
    answer("approve", { reach, argsHash: ask.argsHash, ...words });
  const deny = (): void => answer("deny", {});
  const off = doing.busy || (ask.rank === "S" && typed !== ask.name);
  return (
    <>
      <Trouble error={doing.error} />
      <div className="actions">
        <Act says="Approve once" press="a" look="strong" off={off} act={() => approve("once")} />
        <Act
          {...{ says: "For this run", press: "A", off, title: ask.covers ?? "" }}
          act={() => approve("run")}
        />
        <Act says="Deny" press="d" look="danger" off={doing.busy} act={deny} />
        <a href={hrefOf("runs", ask.run)}>See the run</a>
      </div>
    </>
  );
}

function factsOf(ask: Whole): readonly Fact[] {
  const { agent, name, rank, where, reason, why, cost, covers, expires } = ask;
  return [
    ["agent", <Plain text={agent} />],
    [
      "would",
      <>
        <Plain text={name} /> <Rank rank={rank} />
      </>,
    ],
    where.length > 0 && ["where to", <Plain text={where.join(", ")} />],
    ["because", <Plain text={reason} />],
    why !== null && ["which is", <Plain text={why} />],
    cost !== null && ["cost", cost],
    covers !== null && ["for this run", <Plain text={covers} />],
    ["expires", `in ${spanOf(Math.max(0, expires - now()))}`],
  ];
}
