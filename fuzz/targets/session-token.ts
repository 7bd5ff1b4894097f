import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'

import { createSessionCookie } from '../../src/identity/session-cookie.ts'
import { createTokens, tokenFromHeaders } from '../../src/identity/tokens.ts'
import { AccessError } from '../../src/errors.ts'
import { verifySignedUrl } from '../../src/identity/signed-url.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

const key = Buffer.alloc(32, 7)
const host = 'gate.example.com'
const tokens = createTokens(host, key)
const cookie = createSessionCookie('postern', key)
const nowMs = 1_800_000_000_000

export const target: Target = {
  reads: 'tokens, cookies and signed links of whoever says to be signed in',
  covers: [
    'identity/tokens.ts',
    'identity/session-cookie.ts',
    'identity/cookies.ts',
    'identity/sealed.ts',
    'identity/signed-url.ts',
  ],
  maxBytes: 9_000,
  tokens: [
    'Pomerium ',
    'Bearer Pomerium-',
    '__Host-postern=',
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9',
    'eyJhbGciOiJub25lIn0',
    '.',
    'pomerium_signature=',
    'pomerium_expiry=1800000300',
  ],
  async run(input) {
    const text = input.toString('latin1')
    const named = await tokens.read(text)
    if (named !== undefined) isOurs(text)
    const user = await tokens.userOf(text)
    assert.ok(user === undefined || named !== undefined || isSigned(text))
    const carried = tokenFromHeaders({ authorization: text, 'cf-access-token': text })
    assert.ok(carried === undefined || carried.length <= text.length)
    const read = await cookie.read(text)
    // Whoever has no key has no such cookie: the corpus has none either.
    assert.equal(read, undefined)
    const url = URL.parse(`https://gate.example.com/.pomerium/sign_in?${text}`)
    const { code } = attempt(() => url && verifySignedUrl(url, key, nowMs), AccessError)
    assert.ok(url === null || code !== undefined, 'takes a link that nobody signed')
    return `${named === undefined ? 'none' : 'named'} ${carried === undefined ? 'none' : 'carried'} ${code ?? ''}`
  },
}

function isSigned(token: string): boolean {
  const [head = '', payload = '', signature = ''] = token.split('.')
  const due = createHmac('sha256', key).update(`${head}.${payload}`).digest()
  return Buffer.from(signature, 'base64url').equals(due)
}

/** Signed with our key, by the one algorithm there is, and for us. */
function isOurs(token: string): void {
  assert.ok(isSigned(token), 'takes a token whose signature is wrong')
  const [head = '', payload = ''] = token.split('.')
  const { alg, typ } = JSON.parse(Buffer.from(head, 'base64url').toString())
  const { iss } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  assert.deepEqual([alg, typ, iss], ['HS256', 'JWT', host])
}
