import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decodeApplicationTokenAnswer,
  encodeApplicationTokenAnswer,
  type ApplicationTokenAnswer,
} from './application-token.ts'

const answer: ApplicationTokenAnswer = {
  hostname: '*.apps.site.com',
  audience: 'a'.repeat(64),
  authDomain: 'ab12.postern.cloudflareaccess.com',
  token: 'e30.e30.x-_',
  expiresAtMs: 1_800_000_000_000,
  keySet: '{"keys":[]}',
}

describe('what a gateway gives for the files of cloudflared', () => {
  test('is read as it was written', () => {
    assert.deepEqual(decodeApplicationTokenAnswer(encodeApplicationTokenAnswer(answer)), answer)
  })

  const others: Record<string, Partial<ApplicationTokenAnswer>> = {
    'leads out of the folder by its host': { hostname: '../../.ssh/authorized_keys' },
    'has a host of several lines': { hostname: 'a\nb' },
    'is a star within a name': { hostname: 'a*.site.com' },
    'leads out of the folder by its audience': { audience: '../x' },
    'has another team': { authDomain: 'evil.example.com' },
    'leads out of the folder by its team': { authDomain: '/../x.cloudflareaccess.com' },
    'is no token': { token: 'x\ny' },
    'never ends': { expiresAtMs: Infinity },
    'has no keys': { keySet: '{}' },
  }
  for (const [name, change] of Object.entries(others)) {
    test(`names no files where it ${name}`, () => {
      const text = encodeApplicationTokenAnswer({ ...answer, ...change })
      assert.equal(decodeApplicationTokenAnswer(text), undefined)
    })
  }

  test('is nothing else', () => {
    for (const text of ['', 'null', '[]', '{}', '{"token":"a.b.c"}'])
      assert.equal(decodeApplicationTokenAnswer(text), undefined, text)
  })
})
