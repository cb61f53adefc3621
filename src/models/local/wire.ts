import type { Message } from "../../contracts/message.ts";
import type { ModelRequest } from "../../contracts/model.ts";
import type { Json } from "../../std/json.ts";

/*
 * What nanos and its model host say to each other: one JSON object a line, on standard input and
 * output. One request is answered at a time; `id` tells a late line of one that was given up.
 */

/** What is asked of the model: an answer, or a vector of each text. */
export type Wanted =
  | {
      readonly ask: Pick<ModelRequest, "system" | "tools" | "choice"> & {
        readonly messages: readonly Message[];
        /** The file of the model. */
        readonly file: string;
        /** Tokens of the window; what the model was made for is the most it gets. */
        readonly context: number;
        readonly maxTokens?: number;
        readonly temperature: number;
      };
    }
  | {
      readonly embed: {
        readonly file: string;
        readonly context: number;
        readonly inputs: readonly string[];
      };
    };

/** To the host. */
export type Order =
  | (Wanted & { readonly id: number })
  | { readonly id: number; readonly stop: true };

/** From the host. `done` or `failed` is the last of a request. */
export type Line =
  | { readonly id: number; readonly text: string }
  | { readonly id: number; readonly thinking: string }
  | { readonly id: number; readonly vector: readonly number[] }
  | { readonly id: number; readonly call: string; readonly args: Json }
  | {
      readonly id: number;
      readonly done: "stop" | "calls" | "length";
      readonly input: number;
      readonly output: number;
    }
  | { readonly id: number; readonly failed: HostFailure; readonly why: string };

/** What can go wrong in the host; the parent makes a failure of it. */
export type HostFailure = "model.bad_engine" | "model.bad_file" | "model.context_full";
