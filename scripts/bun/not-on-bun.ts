// The tests that cannot pass on Bun, since they are about Node.js itself: flags of V8, its debugger, its own
// internals, what it answers where Bun answers otherwise and no user can tell. Nothing that Postern promises may
// stand here. They run all the same, and one that passes is an error of this list.

/** By file: by test (`suite > test`), or all of them (`*`), why not. */
export type NotOnBun = Readonly<Record<string, Readonly<Record<string, string>>>>

/** What `npm run test:bun` expects to fail. */
export const notOnBun: NotOnBun = {}
