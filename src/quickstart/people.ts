import type { DevIdpPerson } from '../dev-idp/people.ts'

/** The people of the quickstart's sign-in service; nobody has a password. */
export const people: readonly DevIdpPerson[] = [
  { id: 'alice', email: 'alice@example.com', name: 'Alice', groups: ['engineering'] },
  { id: 'bob', email: 'bob@example.com', name: 'Bob', groups: ['sales'] },
  { id: 'carol', email: 'carol@example.com', name: 'Carol', groups: ['engineering', 'dba'] },
]

/** Who the proof signs in, and who it shows to be refused by the SSH route. */
export const prover = 'alice@example.com'
export const outsider = 'bob@example.com'

/** Who runs the gateway, and who may look on, in its console. */
export const administrator = 'carol@example.com'
export const auditor = 'alice@example.com'

/** Given names of those in a group. */
export function membersOf(group: string): string[] {
  return people.filter(({ groups }) => groups.includes(group)).map(({ name }) => name)
}
