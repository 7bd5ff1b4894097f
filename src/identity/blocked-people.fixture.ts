import type { BlockedPeople } from './blocked-people.ts'

/** For tests of something else. */
export const nobodyBlocked: BlockedPeople = {
  isBlocked: () => false,
  isNamed: () => false,
  check: () => undefined,
  list: () => [],
  get: () => undefined,
  alsoBlocking: () => [],
  block: () => Promise.reject(new Error('nobody is blocked here')),
  unblock: () => Promise.resolve(false),
  onBlocked: () => undefined,
}
