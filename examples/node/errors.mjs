/** What a user can put right, in one sentence. */
export class UserError extends Error {}
