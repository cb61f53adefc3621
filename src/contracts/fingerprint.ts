/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "a9612f8591323f282ab449102548522841ddd6a12abe0bd286ff263de8ef8746";
