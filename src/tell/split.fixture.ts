import fc from 'fast-check'
import type { Follower } from './follower.ts'

/** Bytes of a session, in the order in which they passed. */
export type Session = readonly { readonly from: 'client' | 'service'; readonly bytes: Uint8Array }[]

/** The same session in other pieces: nothing of one side moves past anything of the other. */
export function inAnyPieces(session: Session): fc.Arbitrary<Session> {
  return fc.infiniteStream(fc.integer({ min: 1, max: 40 })).map((sizes) =>
    session.flatMap(({ from, bytes }) => {
      const pieces = []
      for (let at = 0; at < bytes.length;) {
        const size = sizes.next().value ?? 1
        pieces.push({ from, bytes: bytes.subarray(at, at + size) })
        at += size
      }
      return pieces
    }),
  )
}

/** Carries a session past a follower. */
export function carry(follower: Follower, session: Session): void {
  for (const { from, bytes } of session) {
    if (from === 'client') follower.fromClient(bytes)
    else follower.fromService(bytes)
  }
}

/** Anything at all, as from two sides that speak something else. */
export const anySession: fc.Arbitrary<Session> = fc.array(
  fc.record({
    from: fc.constantFrom('client' as const, 'service' as const),
    bytes: fc.uint8Array({ maxLength: 60 }),
  }),
  { maxLength: 30 },
)

export const lastWords = { message: 'access has ended', hint: 'connect again' }
