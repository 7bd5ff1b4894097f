import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupResource } from '../../scim/provisioned.ts'
import { createScimApi, type ScimApiParts } from './scim-api.ts'

const groupsTotal = 25
const membersEach = 10_000

/** As many members as groups may have, of which a list of all would be hundreds of megabytes. */
function largeGroups(): readonly GroupResource[] {
  const members = Array.from({ length: membersEach }, (_, index) => `user-${index}`)
  return Array.from({ length: groupsTotal }, (_, index) => ({
    record: {
      kind: 'group',
      id: `group-${index}`,
      key: undefined,
      body: '',
      createdAtMs: 0,
      updatedAtMs: 0,
      isDeleted: false,
      revision: index,
    },
    content: { displayName: `g${index}`, members },
  }))
}

interface Page {
  readonly totalResults: number
  readonly itemsPerPage: number
  readonly Resources: readonly { readonly displayName: string }[]
}

test('a list of large groups comes in pages that have a bound, and all of them come', async () => {
  const groups = largeGroups()
  const app = createScimApi({
    settings: () => ({ serviceAccount: 'directory' }),
    identify: () =>
      Promise.resolve({ session: { kind: 'service-account', userId: 'directory' }, version: 1 }),
    provisioned: { groups: () => groups, user: (id: string) => ({ id }) },
    register: {},
    origin: new URL('https://access.example.com'),
  } as unknown as ScimApiParts)
  const names: string[] = []
  while (names.length < groupsTotal) {
    const address = `https://access.example.com/scim/v2/Groups?startIndex=${names.length + 1}`
    const answer = await app.request(address, {}, {})
    assert.equal(answer.status, 200)
    const { totalResults, itemsPerPage, Resources } = (await answer.json()) as Page
    assert.equal(totalResults, groupsTotal)
    assert.equal(itemsPerPage, Resources.length)
    assert.ok(itemsPerPage >= 1 && itemsPerPage <= 10, `${itemsPerPage} groups`)
    names.push(...Resources.map(({ displayName }) => displayName))
  }
  assert.deepEqual(
    names,
    groups.map(({ content }) => content.displayName),
  )
})
