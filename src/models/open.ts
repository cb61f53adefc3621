import type { ModelConfig } from "../contracts/model.ts";
import type { ModelDeps } from "./adapter.ts";
import { ADAPTERS } from "./adapters.ts";
import type { Model } from "./model.ts";

/**
 * Opens the model that `config` describes, loading only its adapter. Contacts nobody: whether the
 * provider answers shows in the first stream.
 *
 * @throws NanosError `model.bad_config`, `model.no_key` or `model.bad_script`.
 */
export async function openModel(
  name: string,
  config: ModelConfig,
  deps: ModelDeps,
): Promise<Model> {
  const open = await ADAPTERS[config.adapter]();
  return open(name, config, deps);
}
