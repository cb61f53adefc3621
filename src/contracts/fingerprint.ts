/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "2818b0dd42ca90089718a4eae71979e4dd91b088afe563b6752f2d65cbd84a7d";
