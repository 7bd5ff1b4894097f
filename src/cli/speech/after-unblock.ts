import type { Unblocked } from '../../control/blocks.ts'

/** What somebody may do who is not blocked by this name any more. */
export function afterUnblock({ still_blocked_as: others }: Unblocked): string {
  if (others.length === 0) return 'they may sign in again'
  return `the same person is still blocked as ${others.join(' and as ')}: unblock that as well`
}
