/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "b933f8d1b90ea4779a72b38a26eacd73c4e243d95e88a85905c54ad4b8ab04e0";
