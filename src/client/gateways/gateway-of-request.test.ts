import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatewayOfRequest } from './gateway-of-request.ts'
import type { KnownGateways } from './known-gateway.ts'

const work = { name: 'work', url: 'https://work.corp', knownNames: [] }
const lab = { name: 'lab', url: 'https://lab.corp', knownNames: ['https://db.lab.corp'] }
const edge = { name: 'edge', url: 'https://edge.corp', knownNames: [] }
const all: KnownGateways = { gateways: [work, lab, edge], defaultName: 'work' }
const route = (name: string) => ({
  id: `${name}-id`,
  name,
  type: 'tcp',
  from: `tcp+https://${name}.x:1`,
})

async function found(
  text: string,
  lists: Readonly<Record<string, readonly string[]>>,
  known: KnownGateways = all,
): Promise<string | undefined> {
  const listed = (origin: string) => Promise.resolve((lists[origin] ?? []).map(route))
  return (await gatewayOfRequest(text, known, listed))?.known?.name
}

test('a request goes to the gateway that has listed the route, and else to the default one', async () => {
  const lists = { [lab.url]: ['db'], [edge.url]: ['cache'] }
  for (const text of ['db', 'db-id', 'db.x:1']) assert.equal(await found(text, lists), 'lab', text)
  assert.equal(await found('cache', lists), 'edge')
  assert.equal(await found('unknown', lists), 'work')
  assert.equal(await found('db', { ...lists, [work.url]: ['db'] }), 'work')
  assert.equal(await found('db.lab.corp:7', lists), 'lab', 'by its own host')
  assert.equal(await found('unknown', lists, { ...all, defaultName: undefined }), undefined)
})

test('one that several others have listed is asked nobody for', async () => {
  const lists = { [lab.url]: ['db'], [edge.url]: ['db'] }
  await assert.rejects(found('db', lists), {
    code: 'route-ambiguous',
    hint: 'write one of "--gateway lab", "--gateway edge"',
  })
})
