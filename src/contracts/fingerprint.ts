/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "6cc771ed7ce306e951718d5ae0532b0be7dad0a233491c93aebf30638bf041ca";
