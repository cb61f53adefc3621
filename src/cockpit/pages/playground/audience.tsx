import { type ReactNode, useState } from "react";
import { Act } from "../../act/act.tsx";
import { Field } from "../../act/field.tsx";
import { submitting } from "../../ui/doing.ts";
import { Trouble } from "../../ui/says.tsx";
import { Made } from "./answer.tsx";
import type { Answer, Asking } from "./asking.ts";

/** Who something is told to, and what is held to for them. */
const AUDIENCES: Readonly<Record<string, readonly string[]>> = {
  executive: ["at most 60 words", "use bullets"],
  "product manager": ["at most 120 words", 'mention "users"'],
  developer: ["at most 200 words", 'mention "tests"'],
  legal: ["at most 150 words", 'mention "risk"'],
};

/** The same words for somebody else. */
export function Audience({ asking }: { asking: Asking }): ReactNode {
  const [text, setText] = useState("");
  const [audience, setAudience] = useState("executive");
  const [answers, setAnswers] = useState<readonly Answer[]>([]);
  const ask = (): void => {
    if (text.trim() === "") return;
    const input = `Say this for a reader who is: ${audience}.\n\n${text}`;
    asking.ask([() => input], AUDIENCES[audience] ?? [], setAnswers);
  };
  return (
    <>
      <form className="stack" onSubmit={submitting(ask)}>
        <Field {...{ label: "Text", lines: 4, value: text, set: setText, isFirst: true }} />
        <Field
          {...{ label: "Audience", value: audience, set: setAudience }}
          options={Object.keys(AUDIENCES).map((name) => [name, name] as const)}
        />
        <Trouble error={asking.error} />
        <div className="actions">
          <Act says="Say it" press="b" look="strong" off={asking.busy}>
            {asking.busy ? "Asking…" : "Say it"}
          </Act>
        </div>
      </form>
      {answers.map((answer) => (
        <Made key={answer.metadata.run} title={`For: ${audience}`} answer={answer} />
      ))}
    </>
  );
}
