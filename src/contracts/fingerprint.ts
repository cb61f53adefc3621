/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "071869391c6a7ca725c4b1e1add21fa66dad3200af15a0d9ec1bf53059337e56";
