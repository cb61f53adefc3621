import type { ModelConfig, ModelRequest, Setting } from "../../contracts/model.ts";

/** What a provider calls the settings it takes. */
export type SettingNames = Readonly<Partial<Record<Setting, string>>>;

/** The settings of a request, else of its model's config, under a provider's names for them. */
export function settingsOf(
  request: ModelRequest,
  { maxTokens, temperature }: Pick<ModelConfig, "maxTokens" | "temperature">,
  names: SettingNames,
): readonly (readonly [name: string, value: number | readonly string[]])[] {
  const own = { maxTokens, temperature };
  return settingsIn(names).flatMap((setting) => {
    const value = request[setting] ?? (own as Partial<Record<Setting, number>>)[setting];
    return value === undefined ? [] : [[names[setting] ?? setting, value] as const];
  });
}

/** The settings there are names for. */
export function settingsIn(names: SettingNames): readonly Setting[] {
  return Object.keys(names) as Setting[];
}
