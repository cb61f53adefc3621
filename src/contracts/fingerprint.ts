/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "a27c80d4391cc33e5d7ce48add1e6950f157cfe31976ea5d5acb45e25557945f";
