/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "c7655acdf2109f6883668079c8566d64bc274e6651d93c299aa3aee11bb36e87";
