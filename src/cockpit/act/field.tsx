import { type KeyboardEvent, type ReactNode, useRef } from "react";
import { nameOf, useActions } from "./actions.ts";

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  /** Said after the label. */
  readonly about?: ReactNode;
  /** True where the label is heard and not seen. */
  readonly isBare?: boolean;
  /** Of a text of several. */
  readonly lines?: number;
  /** Of a choice: what is sent, and what is shown. */
  readonly options?: readonly (readonly [value: string, shown: string])[];
  /** Of a slider: the most; the least is 0. */
  readonly most?: number;
  readonly isSearch?: boolean;
  readonly placeholder?: string;
  readonly press?: string;
  readonly look?: string;
  readonly isFirst?: boolean;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
}

type Any = HTMLInputElement & HTMLTextAreaElement & HTMLSelectElement;

/** Something to fill in, choose or move. There is no other: each is in the palette, which leads to it. */
export function Field(props: FieldProps): ReactNode {
  const { label, about, isBare = false, press } = props;
  const own = useRef<Any>(null);
  const action = { says: verbOf(props), of: label, press };
  useActions([{ ...action, act: () => own.current?.focus() }]);
  const control = controlOf(props, {
    ...{ ref: own, "data-act": nameOf(action), "aria-keyshortcuts": press },
    ...(isBare ? { "aria-label": label } : {}),
  });
  if (isBare) return control;
  return (
    <label className="field">
      <span>
        {label} {about && <span className="soft">{about}</span>}
      </span>
      {control}
    </label>
  );
}

function verbOf({ options, most, isSearch }: FieldProps): string {
  if (isSearch) return "Find";
  return options ? "Choose" : most === undefined ? "Fill in" : "Move";
}

function controlOf(props: FieldProps, marks: { ref: React.RefObject<Any | null> }): ReactNode {
  const { value, set, lines, options, most, isSearch, placeholder, look, isFirst, onKeyDown } =
    props;
  const all = {
    ...{ ...marks, value, placeholder, className: look, autoFocus: isFirst, onKeyDown },
    onChange: ({ target }: { target: { value: string } }): void => set(target.value),
  };
  if (options) {
    return (
      <select {...all}>
        {options.map(([one, shown]) => (
          <option key={one} value={one}>
            {shown}
          </option>
        ))}
      </select>
    );
  }
  if (lines !== undefined) return <textarea {...all} rows={lines} />;
  if (most !== undefined) return <input {...all} type="range" min={0} max={most} />;
  return <input {...all} type={isSearch ? "search" : "text"} />;
}
