import { type ReactNode, useState } from "react";
import { Act } from "../../act/act.tsx";
import type { ForgottenShown, Inbox, NoteShown } from "../../../contracts/http/cockpit.ts";
import { type Of, send } from "../../net/api.ts";
import { useResource } from "../../net/resource.ts";
import { type Doing, useDoing } from "../../ui/doing.ts";
import { Facts } from "../../ui/facts.tsx";
import { timeOf } from "../../ui/figures.ts";
import { go, hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Shown, Trouble } from "../../ui/says.tsx";

interface Given {
  readonly id: string;
  readonly reload: () => void;
}

/** One note: its words, who had a hand in them, and a way to take them back. */
export function Note({ id, reload }: Given): ReactNode {
  const path = `/v1/memory/${encodeURIComponent(id)}`;
  const note = useResource<Of<typeof NoteShown>>(path, ({ kind }) => kind.startsWith("memory."));
  const doing = useDoing();
  const vouch = (hash: string): void =>
    doing.act(async () => {
      await send("POST", `${path}/vouch`, { hash });
      note.reload();
      reload();
    });
  return (
    <Shown of={note} what="the note">
      {({ memory, text, hash, label, byHand }) => (
        <div className="stack">
          <Words text={text} />
          <Facts
            rows={[
              ["kept in", <Plain text={memory} />],
              ["from", <Plain text={JSON.stringify(label)} />],
              byHand && ["written", "by hand, outside of nanos"],
              ["sealed as", <code>{hash}</code>],
            ]}
          />
          <div className="actions">
            {byHand && label.integrity !== "operator" && (
              <Act
                {...{ says: "I stand behind it", press: "v", look: "strong", off: doing.busy }}
                act={() => vouch(hash)}
              />
            )}
          </div>
          <Forget path={path} doing={doing} reload={reload} />
        </div>
      )}
    </Shown>
  );
}

function Words({ text }: { text: string }): ReactNode {
  return (
    <pre className="text" tabIndex={0}>
      <Plain text={text} />
    </pre>
  );
}

/** Says first what would go, then takes it back: file, index, and what the journal holds of it. */
function Forget(given: { path: string; doing: Doing; reload: () => void }): ReactNode {
  const { path, doing, reload } = given;
  const [would, setWould] = useState<Of<typeof ForgottenShown> | null>(null);
  const rehearse = (): void =>
    doing.act(async () => setWould(await send("POST", `${path}/forget`, { rehearse: true })));
  const forget = (): void =>
    doing.act(async () => {
      await send("POST", `${path}/forget`, {});
      reload();
      go(hrefOf("memory"));
    });
  return (
    <>
      <Trouble error={doing.error} />
      {would === null ? (
        <div className="actions">
          <Act says="Forget…" press="f" look="danger" off={doing.busy} act={rehearse} />
        </div>
      ) : (
        <div className="note warn stack" role="status">
          <p>
            It would erase {would.bodies} entries of the journal and {would.notes.length} notes
            {would.left.length > 0 && `; left: ${would.left.join(", ")}`}. This cannot be undone.
          </p>
          <div className="actions">
            <Act
              {...{ says: "Forget it", press: "F", look: "danger", off: doing.busy }}
              act={forget}
            />
            <Act says="Keep it" press="l" act={() => setWould(null)} isNext />
          </div>
        </div>
      )}
    </>
  );
}

/** What waits to be remembered: a yes makes it a note, past the same gate as any other. */
export function Waiting({ id, reload }: Given): ReactNode {
  const inbox = useResource<Of<typeof Inbox>>("/v1/memory/inbox");
  const doing = useDoing();
  const answer = (verdict: "accept" | "reject"): void =>
    doing.act(async () => {
      await send("POST", `/v1/memory/${encodeURIComponent(id)}/${verdict}`);
      reload();
      go(hrefOf("memory"));
    });
  const one = inbox.data?.data.find((candidate) => candidate.id === id);
  if (!one) return null;
  return (
    <div className="stack">
      <Words text={one.text} />
      <Facts
        rows={[
          ["would go to", <Plain text={one.memory} />],
          ["from", <Plain text={one.source} />],
          ["first seen", timeOf(one.at)],
          ["goes away", timeOf(one.expires)],
        ]}
      />
      <Trouble error={doing.error} />
      <div className="actions">
        <Act
          {...{ says: "Remember it", press: "a", look: "strong", off: doing.busy }}
          act={() => answer("accept")}
        />
        <Act
          {...{ says: "Drop it", press: "d", look: "danger", off: doing.busy }}
          act={() => answer("reject")}
        />
      </div>
    </div>
  );
}
