import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutReason, decodeCut, formatCutPath, notCutCode } from '../tunnel/cut.ts'
import { decodeRefusal } from '../tunnel/refusal.ts'
import { createCutApi } from './cut-api.ts'

const known = '5e1c0c1e-2b39-4b6e-9d5a-0d4d5f1b6f30'
const reason = cutReason('policy-changed', known)
const api = createCutApi({ find: (id) => (id === known ? reason : undefined) })

async function ask(id: string): Promise<{ response: Response; body: string }> {
  const path = formatCutPath(id)
  assert.ok(path)
  const headers = { accept: 'application/json' }
  const response = await api.request(path, { headers }, { requestId: 'r1', ip: '192.0.2.1' })
  return { response, body: await response.text() }
}

test('a tunnel that was cut is told to whoever knows its id, and kept in no cache', async () => {
  const { response, body } = await ask(known)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('cache-control'), 'no-store')
  assert.deepEqual(decodeCut(body, known), reason)
})

test('every other id is one and the same 404', async () => {
  const { response, body } = await ask('5e1c0c1e-2b39-4b6e-9d5a-000000000000')
  assert.equal(response.status, 404)
  assert.equal(decodeRefusal(body)?.code, notCutCode)
})
