import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { Refusal } from './refusal.ts'
import { createRequestProof } from './request-proof.ts'
import { createSeenNonces, maxNonces } from './seen-nonces.ts'
import { idOf, ownKey } from './signatures.ts'
import { requestText } from './signed-text.ts'

test('where too many were signed another one is refused, also by a browser that is known', () => {
  const key = ownKey()
  const id = idOf(key.publicKey)
  const [origin, run] = ['http://127.0.0.1:23456', 'run']
  const seen = createSeenNonces(() => 0)
  const proof = createRequestProof({ origin, run, seen, isKnown: (it) => it === id })
  const request = (nonce: string): IncomingMessage => {
    const said = {
      at: '0',
      nonce: nonce.padStart(22, '0'),
      bodyHash: hash('sha256', '', 'base64url'),
    }
    const signed = { ...said, origin, run, method: 'GET', target: '/api/state' }
    const parts = [key.publicKey, ...Object.values(said), key.sign(requestText(signed))]
    const headers = { authorization: `Postern ${parts.join('.')}` }
    return { method: 'GET', url: '/api/state', headers } as IncomingMessage
  }
  for (let count = 1; count < maxNonces; count += 1) seen.add(0, `${count}`)
  assert.equal(proof.check(request('last')).id, id)
  assert.throws(
    () => proof.check(request('more')),
    (error) => error instanceof Refusal && error.status === 429,
  )
  assert.throws(
    () => proof.check(request('last')),
    (error) => error instanceof Refusal && error.status === 401,
  )
})
