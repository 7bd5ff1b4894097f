import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'

import { errors } from 'jose'

import { PeerError } from '../../src/errors.ts'
import { pinGrantKeys } from '../../src/tunnel/grant-keys.ts'
import { createGrantVerifier } from '../../src/tunnel/verify-grant.ts'
import { attemptLater } from '../own-errors.ts'
import type { Target } from '../target.ts'

/** The public half of a key whose private half signed the grant of the corpus, and is kept nowhere. */
const jwk = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '5V_B8FtVRs-1uVOATDKvhZ1wjH2XNz4u4rvW2KWJgKY',
} as const
const publicKey = createPublicKey({ key: { ...jwk }, format: 'jwk' })
const clock = { now: () => 1_800_000_000_000, schedule: () => ({ [Symbol.dispose]() {} }) }
const ids = { tunnelId: 't', connectorId: 'c' }
const keys = await pinGrantKeys([jwk], { source: 'the target', ...ids, clock })

export const target: Target = {
  reads: 'the grant of a stream, by whoever has the name of the gateway',
  covers: ['tunnel/verify-grant.ts', 'tunnel/grant-keys.ts', 'tunnel/used-once.ts'],
  maxBytes: 9_000,
  tokens: ['.', 'eyJhbGciOiJub25lIn0', '=', '{"alg":"EdDSA"}'],
  async run(input) {
    const grant = input.toString('latin1')
    const verifier = createGrantVerifier({ ...ids, keys, clock })
    const { value, code } = await attemptLater(() => verifier.verify(grant), PeerError)
    const learnt = await attemptLater(() => keys.learn(grant), Error, errors.JOSEError)
    assert.notEqual(learnt.value, true, 'learns a key without a word for it')
    if (value === undefined) return code ?? ''
    const [head = '', payload = '', signature = ''] = grant.split('.')
    const signed = Buffer.from(`${head}.${payload}`)
    assert.ok(verify(null, signed, publicKey, Buffer.from(signature, 'base64url')), 'is not signed')
    assert.ok(value.aud.includes('tunnel:t') && value.aud.includes('connector:c'))
    await assert.rejects(verifier.verify(grant), 'takes it twice')
    return 'taken'
  },
}
