import { type ReactNode, useEffect, useRef, useState } from "react";
import { Act } from "../act/act.tsx";
import { Field } from "../act/field.tsx";
import type { AgentList } from "../../contracts/http/seeds.ts";
import type { RunBegun, RunShown } from "../../contracts/http/runs.ts";
import { type Of, send } from "../net/api.ts";
import { useResource } from "../net/resource.ts";
import { useSaid } from "../net/said.ts";
import { Ask } from "./approvals/ask.tsx";
import { submitting, useDoing } from "../ui/doing.ts";
import { costOf, countOf } from "../ui/figures.ts";
import { State } from "../ui/marks.tsx";
import { go, hrefOf, usePlace } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Empty, Shown, Trouble } from "../ui/says.tsx";

/** Asks the oracle, or another agent; each request is a run, and the conversation is the runs. */
export function Chat(): ReactNode {
  const { query } = usePlace();
  const runs = query.getAll("run");
  const last = runs.at(-1);
  return (
    <div className="page chat">
      <div className="top">
        <h1>Chat</h1>
        {last !== undefined && (
          <Act says="New conversation" press="n" act={() => go(hrefOf("chat"))} />
        )}
      </div>
      {runs.length === 0 ? (
        <Empty>
          What you say is a request to an agent of yours. What it does is on record, and what it may
          not do by itself it asks.
        </Empty>
      ) : (
        <ol className="stack grow talk" aria-label="The conversation" tabIndex={0}>
          {runs.map((run) => (
            <Turn key={run} run={run} isLast={run === last} />
          ))}
        </ol>
      )}
      <Say runs={runs} />
    </div>
  );
}

function Turn({ run, isLast }: { run: string; isLast: boolean }): ReactNode {
  const path = `/v1/runs/${encodeURIComponent(run)}`;
  const shown = useResource<Whole>(
    path,
    (told) => told.run === run || told.run.startsWith(`${run}_`),
  );
  const said = useSaid(run, shown.data?.state === "running");
  const own = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isLast) own.current?.scrollIntoView({ block: "end" });
  }, [isLast, said, shown.data]);
  return (
    <li ref={own} className="stack">
      <Shown of={shown} what="the answer">
        {(whole) => (
          <>
            <p className="said">
              <Plain text={whole.request} />
            </p>
            <Asks asks={whole.asks} isLast={isLast} reload={shown.reload} />
            {whole.failure && (
              <p className="note bad">
                <Plain text={whole.failure.message} /> <code>{whole.failure.code}</code>
              </p>
            )}
            <Answer whole={whole} said={said} />
            <Foot whole={whole} isLast={isLast} />
          </>
        )}
      </Shown>
    </li>
  );
}

type Whole = Of<typeof RunShown>;

/** What it asks is answered where it asks; of several one after the other. */
function Asks(given: { asks: Whole["asks"]; isLast: boolean; reload: () => void }): ReactNode {
  const { asks, isLast, reload } = given;
  const [first, ...rest] = isLast ? asks : [];
  return (
    <>
      {first && (
        <section className="sheet padded" aria-label="It asks">
          <Ask key={first.id} {...{ id: first.id, rest: asks, done: reload }} />
        </section>
      )}
      {(isLast ? rest : asks).map((ask) => (
        <p key={ask.id} className="note warn">
          It asks: <a href={hrefOf("approvals", ask.id)}>{<Plain text={ask.what} />}</a>
        </p>
      ))}
    </>
  );
}

/** The answer, and until there is one what is said of it so far. */
function Answer({ whole: { text, state }, said }: { whole: Whole; said: string }): ReactNode {
  const isSaying = text === "" && state === "running";
  if (text === "" && said === "") return null;
  return (
    <div className="answer" role={isSaying ? "log" : undefined} aria-label="The answer so far">
      <Plain text={text === "" ? said : text} />
    </div>
  );
}

function Foot({ whole, isLast }: { whole: Whole; isLast: boolean }): ReactNode {
  const { run, agent, state, outcome, usage } = whole;
  const doing = useDoing();
  const stop = (): void =>
    doing.act(() => send("POST", `/v1/runs/${encodeURIComponent(run)}/cancel`));
  return (
    <>
      <p className="soft num row">
        <State is={outcome ?? state} /> <Plain text={agent} />
        {usage && ` ${countOf(usage.input + usage.output)} tokens, ${costOf(usage.cost)}`}
        <a href={hrefOf("runs", run)}>what it did</a>
        {isLast && state !== "ended" && (
          <Act says="Stop it" press="c" look="danger" off={doing.busy} act={stop} />
        )}
      </p>
      <Trouble error={doing.error} />
    </>
  );
}

function Say({ runs }: { runs: readonly string[] }): ReactNode {
  const agents = useResource<Of<typeof AgentList>>("/v1/agents");
  const [text, setText] = useState("");
  const [agent, setAgent] = useState("");
  const doing = useDoing();
  const say = (): void => {
    if (text.trim() === "") return;
    doing.act(async () => {
      const other = agent === "" ? {} : { agent };
      const { run } = await send<Of<typeof RunBegun>>("POST", "/v1/runs", {
        ...{ text, after: runs },
        ...other,
      });
      setText("");
      go(`#/chat?${[...runs, run].map((one) => `run=${encodeURIComponent(one)}`).join("&")}`);
    });
  };
  return (
    <form className="stack" onSubmit={submitting(say)}>
      <Trouble error={doing.error} />
      <Field
        {...{ label: "What you want", isBare: true, lines: 3, press: "i" }}
        placeholder="What you want. Enter sends, Shift+Enter is a new line"
        value={text}
        set={setText}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          say();
        }}
      />
      <div className="actions">
        <Field
          {...{ label: "Agent", isBare: true, value: agent, set: setAgent }}
          options={[
            ["", "the oracle"],
            ...(agents.data?.agents ?? []).map(({ id, name }) => [id, name] as const),
          ]}
        />
        <Act says="Send" look="strong" off={doing.busy} />
      </div>
    </form>
  );
}
