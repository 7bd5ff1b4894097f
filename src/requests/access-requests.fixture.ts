import type { AccessRequests } from './access-requests.ts'

const unused = (): Promise<never> => Promise.reject(new Error('nobody asks for access here'))

/** For tests of something else. */
export const noAccessRequests: AccessRequests = {
  accessGrant: () => undefined,
  pendingOf: () => undefined,
  add: unused,
  find: unused,
  page: unused,
  change: unused,
  onChanged: () => undefined,
}
