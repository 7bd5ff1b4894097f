import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allEndpoints } from './all.ts'
import { createApiRig } from './api.fixture.ts'
import { renderApiDocument } from './openapi.ts'

test('whoever is signed in is given the document of the API, and nobody else', async () => {
  const { ask } = createApiRig()
  assert.equal((await ask('GET', '/openapi.json', { as: 'nobody' })).status, 401)
  const written: unknown = JSON.parse(renderApiDocument(allEndpoints))
  // As often as it is asked for it is the same.
  for (const _ of [1, 2]) {
    const answer = await ask('GET', '/openapi.json')
    assert.equal(answer.status, 200)
    assert.deepEqual(await answer.json(), written)
  }
})
