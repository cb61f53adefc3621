/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "7130ef34d15623c6a570781fddca031f6664aa1aef4220c6a17a7701535a51f1";
